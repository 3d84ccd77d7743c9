"""Serve the site: pages, API and generations, in this one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import BaseCommand, CommandParser, call_command
from django.utils.module_loading import import_string

from chatsite.server import serve
from streaming.node import node

#: How long the first line waits for providers to say what they offer. Requests do not wait.
FIND_MODELS_S = 2.0


class Command(BaseCommand):
    help = "Serve the site on HOST:PORT until SIGTERM or SIGINT; a second one ends it at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", default=settings.PORT, type=int, help="0 is any free one")
        parser.add_argument(
            "--migrate", action="store_true", help="bring the database up to date before"
        )

    def handle(self, *, host: str, port: int, migrate: bool, **options: Any) -> None:
        if migrate:
            call_command("migrate", interactive=False, verbosity=0)
        application = import_string(settings.ASGI_APPLICATION)
        patience = settings.SLOW_READER_TIMEOUT
        leave(serve(application, host, port, announce, write_timeout=patience))


def leave(code: int) -> NoReturn:
    """End the process now that all is written: to take it apart first would take a second of its
    successor's time, and for ever where a thread waits for a database that is gone."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def announce(url: str) -> str:
    """The line for whoever started it."""
    catalogue = node().catalogue
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FIND_MODELS_S):
            await catalogue.refresh()
    return f"Unbroken is at {url} · models: {catalogue}"
