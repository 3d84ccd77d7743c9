"""The line between a browser and the server, which can be cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """Passes on every byte, until it is cut: then all connections break and none is made."""

    def __init__(self, port: int) -> None:
        self.url = ""
        self._port = port
        self._whole = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()

    def cut(self) -> None:
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def mend(self) -> None:
        self._whole = True

    async def _cut(self) -> None:
        self._whole = False
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        with suppress(asyncio.CancelledError):
            await server.serve_forever()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._port)
        pair = {writer, other_writer}
        self._writers |= pair
        await asyncio.gather(pass_on(reader, other_writer), pass_on(other_reader, writer))
        self._writers -= pair

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything that comes, to its end."""
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line on a loop of its own."""
    line = Line(port)
    ready = threading.Event()
    task = line.loop.create_task(line.serve(ready))
    thread = threading.Thread(target=line.loop.run_until_complete, args=(task,), name="line")
    thread.start()
    ready.wait()
    try:
        yield line
    finally:
        line.loop.call_soon_threadsafe(task.cancel)
        thread.join()
        line.loop.close()
