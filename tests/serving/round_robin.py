"""A TCP proxy in front of several servers: each connection goes to the next one that accepts it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.site import Site


class RoundRobin:
    """Knows nothing of health: who refuses a connection is passed over, as with plain nginx."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.sites: list[Site] = []
        self._turn = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connect()
        if found is None:
            writer.transport.abort()
            return
        there_reader, there_writer = found
        try:
            await asyncio.gather(_carry(reader, there_writer), _carry(there_reader, writer))
        finally:
            for end in (writer, there_writer):
                end.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.sites:
            self._turn += 1
            site = self.sites[self._turn % len(self.sites)]
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", urlsplit(site.url).port)
        return None


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


@contextmanager
def round_robin(*sites: Site) -> Iterator[RoundRobin]:
    """Open on a thread of its own; closed afterwards with all its connections."""
    opened: Future[tuple[RoundRobin, Callable[[], object]]] = Future()

    async def run() -> None:
        async with asyncio.TaskGroup() as calls:
            proxy: RoundRobin

            def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                calls.create_task(proxy.serve(reader, writer))

            server = await asyncio.start_server(begin, "127.0.0.1", 0)
            proxy = RoundRobin(server.sockets[0].getsockname()[1])
            proxy.sites = list(sites)
            loop, end = asyncio.get_running_loop(), asyncio.Event()
            opened.set_result((proxy, lambda: loop.call_soon_threadsafe(end.set)))
            await end.wait()
            server.close()
            for call in asyncio.all_tasks() - {asyncio.current_task()}:
                call.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="round robin")
    thread.start()
    proxy, close = opened.result()
    try:
        yield proxy
    finally:
        close()
        thread.join()
