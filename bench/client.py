"""A reader that costs next to nothing: many HTTP/1.1 streams, their tokens timed as they arrive.

One plain loop over one selector. An event loop's machinery around every read would take more time
than the reading, on the core that the provider needs too.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

#: The provider's clock (CLOCK_MONOTONIC in ns) as it stands in each token's text.
STAMP = re.compile(rb"(\d{11,20}) ")
LONGEST_STAMP = 24
#: Silence after which a load is given up, in seconds.
PATIENCE = 30.0

_arrived = memoryview(bytearray(262_144))  # made once: to allocate it costs more than to read


class Broken(Exception):
    """The subject did not do what was asked: no figure is worth anything."""


@dataclass
class Answer:
    """What one stream saw. Times in nanoseconds of CLOCK_MONOTONIC."""

    asked: int
    first_token: int = 0
    lags: array[int] = field(default_factory=lambda: array("q"))
    ended: bool = False


class Stream:
    """One request and its answer: undoes the chunked coding and times every stamp in the body."""

    def __init__(self, port: int, request: bytes) -> None:
        self.answer = Answer(time.monotonic_ns())
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(request)
        self._in_body = False
        self._wire = b""
        self._text = b""

    def read(self) -> None:
        """Take what has arrived. Raises :class:`Broken` for any end but the body's own."""
        size = self.socket.recv_into(_arrived)
        now = time.monotonic_ns()
        if not size:
            raise Broken("connection lost in mid-answer")
        self._wire += _arrived[:size]
        if self._in_body or self._read_head():
            self._read_stamps(self._read_chunks(), now)

    def _read_head(self) -> bool:
        head, end, rest = self._wire.partition(b"\r\n\r\n")
        if not end:
            return False
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if " 200" not in status or b"transfer-encoding: chunked" not in head.lower():
            raise Broken(f"{status}: {rest[:400].decode('utf-8', 'replace')}")
        self._in_body, self._wire = True, rest
        return True

    def _read_chunks(self) -> bytes:
        """The body in the whole chunks that are here."""
        pieces: list[bytes] = []
        start, wire = 0, self._wire
        while (end := wire.find(b"\r\n", start)) >= 0:
            size = int(wire[start:end].split(b";")[0], 16)
            after = end + 2 + size
            if size == 0:
                self.answer.ended = True
                break
            if len(wire) < after + 2:
                break
            pieces.append(wire[end + 2 : after])
            start = after + 2
        self._wire = wire[start:]
        return b"".join(pieces)

    def _read_stamps(self, text: bytes, now: int) -> None:
        text = self._text + text
        self._text = text[text.rfind(b" ") + 1 :][-LONGEST_STAMP:]  # may be the start of a stamp
        if stamps := STAMP.findall(text):
            if not self.answer.first_token:
                self.answer.first_token = now
            self.answer.lags.extend([now - int(stamp) for stamp in stamps])


class Crowd:
    """Streams that begin evenly over ``over`` seconds, each from the moment before connecting."""

    def __init__(self, port: int, requests: Sequence[bytes], over: float = 0.0) -> None:
        begin = time.monotonic()
        step = over / len(requests)
        self._port = port
        self._due = deque((begin + step * i, one) for i, one in enumerate(requests))
        self._selector = selectors.DefaultSelector()
        self.answers: list[Answer] = []

    def read(self, seconds: float = float("inf")) -> None:
        """Until all have ended, or so long. May be called again. Raises :class:`Broken`."""
        until = time.monotonic() + seconds
        while self._due or self._selector.get_map():
            now = time.monotonic()
            if now >= until:
                return
            while self._due and self._due[0][0] <= now:
                self._begin(self._due.popleft()[1])
            next_due = self._due[0][0] if self._due else now + PATIENCE
            ready = self._selector.select(max(0.0, min(next_due, until) - now))
            if not ready and not self._due and time.monotonic() < until:
                raise Broken(f"silent for {PATIENCE} s")
            for key, _ in ready:
                self._read(key.data)

    def _begin(self, request: bytes) -> None:
        stream = Stream(self._port, request)
        self.answers.append(stream.answer)
        self._selector.register(stream.socket, selectors.EVENT_READ, stream)

    def _read(self, stream: Stream) -> None:
        stream.read()
        if stream.answer.ended:
            self._selector.unregister(stream.socket)
            stream.socket.close()


def read(port: int, requests: Sequence[bytes], over: float = 0.0) -> list[Answer]:
    """The answers to ``requests``, begun evenly over ``over`` seconds."""
    crowd = Crowd(port, requests, over)
    crowd.read()
    return crowd.answers


def call(port: int, request: bytes) -> bytes:
    """One small request outside of any measurement; the body of its answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if not re.match(rb"HTTP/1\.[01] 2", head):
        raise Broken(answer[:400].decode("utf-8", "replace"))
    return body


def post(port: int, path: str, body: bytes, *headers: str) -> bytes:
    """The bytes of a POST of JSON, on a connection of its own."""
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
