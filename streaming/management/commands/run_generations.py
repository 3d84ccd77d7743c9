"""Run generations: a worker, beside any number of web processes on the same database."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import connection

from streaming.node import Node, node

logger = logging.getLogger(__name__)

#: How long the first line waits for providers to say what they offer.
FIND_MODELS_S = 2.0
#: How long the end may take.
END_S = 10.0


class Command(BaseCommand):
    help = (
        "Run generations that web processes queue, until SIGTERM or SIGINT: then they are handed "
        "over. A second signal ends it at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit",
            type=int,
            default=settings.MAX_GENERATIONS,
            help="so many at once (MAX_GENERATIONS)",
        )

    def handle(self, *, limit: int, **options: Any) -> None:
        if limit < 1:
            raise CommandError("--limit must be at least 1.")
        worker = node()
        worker.runner.limit = limit
        sys.exit(asyncio.run(_work(worker)))


async def _work(worker: Node) -> int:
    """Until a signal comes. The exit code: 0 when everything was handed over in order."""
    shutdown = worker.shutdown

    def heard(number: int, frame: FrameType | None) -> None:
        if shutdown.draining:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        shutdown.begin()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)
    running = worker.running()
    await running.__aenter__()
    print(await _announcement(worker), flush=True)
    await shutdown.wait()
    try:
        async with asyncio.timeout(END_S):
            await running.__aexit__(None, None, None)
    except TimeoutError:
        logger.error("the end took longer than %g s", END_S)
        return 1
    return 0


async def _announcement(worker: Node) -> str:
    """The line for whoever started it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FIND_MODELS_S):
            await worker.catalogue.refresh()
    return (
        f"Unbroken runs up to {worker.runner.limit} generations from {connection.display_name}"
        f" · bell: {settings.BELL_KIND} · models: {worker.catalogue}"
    )
