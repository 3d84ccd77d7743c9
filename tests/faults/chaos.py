"""The chaos proxy: TCP on loopback whose weather may change at any byte."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

#: How much passes in one go when the line is throttled, in seconds of its pace.
TURN_S = 0.05


@dataclass(frozen=True, slots=True)
class Weather:
    """What befalls one connection. Bytes are counted on the way to whoever connected."""

    #: Both sides are reset when so many bytes have passed.
    cut_after: int | None = None
    #: Nothing passes any more, either way, and nobody is told: half-open.
    freeze_after: int | None = None
    #: The pace; 0 is as fast as it goes.
    bytes_per_s: float = 0.0
    #: One byte a write, for so many bytes.
    dribble: int = 0
    #: What every piece waits before it is passed on, either way.
    delay_s: float = 0.0

    @property
    def is_fair(self) -> bool:
        return self == FAIR

    @classmethod
    def drawn(cls, dice: random.Random, size: int) -> Weather:
        """Some foul weather for about ``size`` bytes."""
        match dice.choice(["cut", "cut", "cut", "freeze", "slow", "dribble", "delay"]):
            case "cut":
                return cls(cut_after=dice.randint(0, size))
            case "freeze":
                return cls(freeze_after=dice.randint(0, size))
            case "slow":
                return cls(bytes_per_s=dice.choice([1, 200, 5_000]))
            case "dribble":
                return cls(dribble=dice.randint(1, 1_500))
            case _:
                return cls(delay_s=dice.uniform(0.01, 0.2))


FAIR = Weather()


class Line:
    """One connection through the proxy."""

    def __init__(self, near: Streams, far: Streams, weather: Weather | None, proxy: Proxy) -> None:
        self.near = near
        self.far = far
        self.passed = 0
        self._own = weather
        self._proxy = proxy

    @property
    def weather(self) -> Weather:
        return self._proxy.weather if self._own is None else self._own

    async def carry(self) -> None:
        """Until both sides have ended, or the line is cut."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(self.near[0], self.far[1], down=False))
                group.create_task(self._pump(self.far[0], self.near[1], down=True))
        except* OSError:
            self.cut()
        finally:
            for _, writer in (self.near, self.far):
                writer.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, down: bool
    ) -> None:
        while data := await source.read(self._most()):
            await self._proxy.thawed.wait()
            weather = self.weather
            if weather.delay_s:
                await asyncio.sleep(weather.delay_s)
            if down:
                data = await self._downpour(weather, data)
            elif weather.freeze_after is not None and self.passed >= weather.freeze_after:
                await asyncio.get_running_loop().create_future()
            await self._send(weather, sink, data)
            if down and weather.cut_after is not None and self.passed >= weather.cut_after:
                raise ConnectionResetError
        if sink.can_write_eof():
            sink.write_eof()

    def _most(self) -> int:
        pace = self.weather.bytes_per_s
        return max(1, int(pace * TURN_S)) if pace else 65_536

    async def _downpour(self, weather: Weather, data: bytes) -> bytes:
        """What of this may pass; waits for ever where the line is frozen."""
        if weather.freeze_after is not None and self.passed + len(data) > weather.freeze_after:
            await asyncio.get_running_loop().create_future()
        if weather.cut_after is not None:
            data = data[: max(0, weather.cut_after - self.passed)]
        self.passed += len(data)
        return data

    async def _send(self, weather: Weather, sink: asyncio.StreamWriter, data: bytes) -> None:
        single = weather.dribble - self.passed + len(data) if weather.dribble else 0
        for index in range(max(0, min(single, len(data)))):
            sink.write(data[index : index + 1])
            await sink.drain()
            await asyncio.sleep(0)
        data = data[max(0, single) :]
        if data:
            sink.write(data)
            await sink.drain()
        if weather.bytes_per_s:
            await asyncio.sleep(len(data) / weather.bytes_per_s)

    def cut(self) -> None:
        """By RST, both sides."""
        for _, writer in (self.near, self.far):
            sock = writer.get_extra_info("socket")
            with suppress(OSError, AttributeError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Listens for as long as it lives, wherever what it leads to may move."""

    def __init__(self) -> None:
        self.port = 0
        #: Where it leads to; without it connections are closed at once.
        self.target: int | None = None
        #: Of all connections that brought none of their own, those that are open too.
        self.weather = FAIR
        #: While it is not set nothing passes at all.
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.lines: set[Line] = set()
        self._bespoke: dict[int, Weather] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def to(cls, target: int | None) -> AsyncIterator[Proxy]:
        proxy = cls()
        proxy.target = target
        proxy._server = await asyncio.start_server(proxy._accept, "127.0.0.1", 0, backlog=2048)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy._server.close()
            proxy.cut()
            for task in list(proxy._tasks):
                task.cancel()
            await asyncio.gather(*proxy._tasks, return_exceptions=True)

    async def connect(self, weather: Weather) -> Streams:
        """A connection through it in this weather, whatever the others have."""
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        self._bespoke[sock.getsockname()[1]] = weather
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        except BaseException:
            sock.close()
            raise
        return await asyncio.open_connection(sock=sock)

    def cut(self) -> None:
        """Reset everything that is open."""
        for line in list(self.lines):
            line.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        weather = self._bespoke.pop(writer.get_extra_info("peername")[1], None)
        try:
            if self.target is None:
                return
            far = await asyncio.open_connection("127.0.0.1", self.target)
            line = Line((reader, writer), far, weather, self)
            self.lines.add(line)
            try:
                await line.carry()
            finally:
                self.lines.discard(line)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            self._tasks.discard(task)
