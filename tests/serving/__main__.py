"""Serve the toy: one JSON object as the argument says how."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from chatsite.lifespan import Lifespan
from chatsite.limits import Limits
from chatsite.server import serve
from chatsite.write_deadline import WriteDeadline

from . import toy


def main(how: dict[str, Any]) -> int:
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=how.get("log", "INFO"))
    write_timeout = how.get("write_timeout", 60.0)
    application = Lifespan(
        WriteDeadline(application_for(how), write_timeout),
        toy.LIVES[how.get("life", "running")],
        toy.shutdown,
        grace=how.get("grace", 3.0),
        limit=how.get("limit", 10.0),
    )
    host, port = how.get("host", "127.0.0.1"), how.get("port", 0)
    if how.get("server") == "uvicorn":
        return under_uvicorn(application)
    limits = Limits(**how.get("limits", {}))
    return serve(
        application,
        host,
        port,
        lambda url: f"open at {url}",
        write_timeout=write_timeout,
        limits=limits,
    )


def application_for(how: dict[str, Any]) -> Any:
    if "django" not in how:
        return toy.app
    from . import django_toy

    return django_toy.handler(**how["django"])


def under_uvicorn(application: Any) -> int:
    import uvicorn

    from chatsite.server import bind, url

    sock = bind("127.0.0.1", 0)
    print(f"open at {url(sock)}", flush=True)
    uvicorn.Server(uvicorn.Config(application, log_config=None)).run(sockets=[sock])
    return 0


sys.exit(main(json.loads(sys.argv[1])))
