"""The ASGI application: static files, then Django, from the start of the process to its end."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.core.signals import request_started
from django.db import close_old_connections, reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup()
# They would send every request to a thread before anything else. What they do is done when the
# request before has ended (request_finished), and in DEBUG nobody counts queries here.
for receiver in (close_old_connections, reset_queries):
    request_started.disconnect(receiver)

from servestatic import ServeStaticASGI  # noqa: E402 - needs Django to be set up

from streaming.node import node  # noqa: E402
from streaming.shutdown import shutdown  # noqa: E402

from .handler import Handler  # noqa: E402
from .lifespan import Lifespan  # noqa: E402
from .write_deadline import WriteDeadline  # noqa: E402

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
application = Lifespan(
    WriteDeadline(_files, settings.SLOW_READER_TIMEOUT), node().running, shutdown
)
