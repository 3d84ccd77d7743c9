"""A connection of a client's: one HTTP/1.1 request, and its answer byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from .chaos import Streams

#: A line that says nothing for so long is taken for dead, in seconds.
SILENCE_S = 5.0


class Dropped(Exception):
    """The line ended before the answer did."""


class Chunks:
    """Undoes the chunked coding, however the bytes are cut."""

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        wire = self._rest + data
        start = 0
        pieces: list[bytes] = []
        while (end := wire.find(b"\r\n", start)) >= 0:
            size = int(wire[start:end].split(b";")[0], 16)
            after = end + 2 + size
            if size == 0:
                self.ended = True
                break
            if len(wire) < after + 2:
                break
            pieces.append(wire[end + 2 : after])
            start = after + 2
        self._rest = wire[start:]
        return b"".join(pieces)


class Response:
    """A status, headers, and a body that is still to come."""

    def __init__(self, streams: Streams, status: int, headers: dict[str, str], rest: bytes) -> None:
        self.status = status
        self.headers = headers
        self._reader, self._writer = streams
        self._rest = rest

    async def pieces(self, silence_s: float = SILENCE_S) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises :class:`Dropped` unless it came to its own end."""
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            length = int(self.headers.get("content-length", "0"))
            while len(self._rest) < length:
                self._rest += await self._read(silence_s)
            yield self._rest
            return
        chunks, data = Chunks(), self._rest
        while True:
            yield chunks.feed(data)
            if chunks.ended:
                return
            data = await self._read(silence_s)

    async def body(self) -> Any:
        """The whole of it, as JSON."""
        data = b"".join([piece async for piece in self.pieces()])
        return json.loads(data) if data else None

    async def _read(self, silence_s: float) -> bytes:
        data = await _patiently(self._reader, silence_s)
        if not data:
            raise Dropped("the end of the connection")
        return data

    def close(self) -> None:
        self._writer.transport.abort()


async def _patiently(reader: asyncio.StreamReader, silence_s: float) -> bytes:
    try:
        async with asyncio.timeout(silence_s):
            return await reader.read(65_536)
    except TimeoutError:
        raise Dropped(f"silence for {silence_s:g} s") from None
    except OSError as error:
        raise Dropped(type(error).__name__) from None


async def request(
    streams: Streams,
    method: str,
    path: str,
    token: str,
    body: Any = None,
    *,
    silence_s: float = SILENCE_S,
    **headers: str,
) -> Response:
    """Ask, and wait for the head of the answer. Raises :class:`Dropped`."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    reader, writer = streams
    head = b""
    try:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        while b"\r\n\r\n" not in head:
            more = await _patiently(reader, silence_s)
            if not more:
                raise Dropped("no answer")
            head += more
    except BaseException:
        writer.transport.abort()
        raise
    first, _, rest = head.partition(b"\r\n\r\n")
    status, *pairs = first.decode("latin-1").split("\r\n")
    named = (pair.partition(":") for pair in pairs)
    return Response(
        streams,
        int(status.split()[1]),
        {name.lower(): value.strip() for name, _, value in named},
        rest,
    )
