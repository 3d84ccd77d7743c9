"""The ASGI application: static files, then Django, from the start of the process to its end."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup()

from servestatic import ServeStaticASGI  # noqa: E402 - needs Django to be set up

from streaming.node import node  # noqa: E402
from streaming.shutdown import shutdown  # noqa: E402

from .handler import Handler  # noqa: E402
from .lifespan import Lifespan  # noqa: E402

#: Files under a hashed name never change.
HASHED = r"^.+\.[0-9a-f]{12}\..+$"


async def site(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Requests go to Django; there is no socket to open yet."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        await _django(scope, receive, send)


_django = Handler()
_files = ServeStaticASGI(
    site,
    root=settings.STATIC_ROOT,
    prefix=settings.STATIC_URL,
    max_age=60,
    immutable_file_test=HASHED,
)
application = Lifespan(_files, node().running, shutdown)
