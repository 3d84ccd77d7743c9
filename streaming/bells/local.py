"""Between the processes of one machine: a datagram to each, by sockets in the data directory."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction

from .base import Bell, Heard, News

#: Longer than the steps in which any file system tells the time.
TICK_NS = 2_000_000_000


class LocalBell(Bell):
    """Costs a process that is alone one look at a directory for each ring."""

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        self._directory = directory or Path(settings.DATA_DIR) / "bells"
        self._looked_at = 0
        self._others: list[str] = []

    def ring(self, news: News) -> None:
        transaction.on_commit(lambda: self._say(news), robust=True)

    def _say(self, news: News) -> None:
        try:
            self._send(news)
        except OSError as error:
            self._broken(error)

    def _send(self, news: News) -> None:
        others = self._everybody_else()
        if not others:
            return
        text = news.write(self.name).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice:
            voice.setblocking(False)
            for other in others:
                try:
                    voice.sendto(text, other)
                except BlockingIOError:
                    continue  # it has enough to hear already; the poll has the rest
                except (ConnectionRefusedError, FileNotFoundError):
                    with suppress(OSError):
                        os.unlink(other)  # its process is gone

    def _everybody_else(self) -> list[str]:
        try:
            changed = self._directory.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed != self._looked_at:
            # Two changes within one tick of the file system's clock look like one.
            settled = time.time_ns() - changed > TICK_NS
            self._looked_at = changed if settled else 0
            names = os.listdir(self._directory)
            self._others = [str(self._directory / name) for name in names if name != self.name]
        return self._others

    async def _hear(self, heard: Heard) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        path = self._directory / self.name
        loop = asyncio.get_running_loop()
        broken: asyncio.Future[None] = loop.create_future()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.setblocking(False)
            ear.bind(str(path))

            def listen() -> None:
                try:
                    heard(_all_of(ear))
                except OSError as error:
                    if not broken.done():
                        broken.set_exception(error)

            loop.add_reader(ear.fileno(), listen)
            try:
                self._connected(heard)
                await broken
            finally:
                loop.remove_reader(ear.fileno())
                path.unlink(missing_ok=True)


def _all_of(ear: socket.socket) -> News:
    """Everything that was said since the last time."""
    news = News()
    with suppress(BlockingIOError):
        while True:
            news |= News.read(ear.recv(65536).decode("ascii", "replace"))[1]
    return news
