"""One streaming response: walks through a plan, at its pace, with back-pressure."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Iterator

from .calls import CLIENT_CLOSED, COMPLETE, CUT, EOF, Call, Calls
from .script import Script
from .transmission import Ending, Step

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
#: Bytes of frames that go into one HTTP chunk, and steps that are taken at a time, at full speed.
GATHER = 16 * 1024
TURN = 1000


class Answer:
    """Sends one plan over a transport and reports to the record of calls how it went."""

    def __init__(
        self,
        transport: asyncio.Transport,
        plan: Iterator[Step],
        script: Script,
        call: Call,
        calls: Calls,
    ) -> None:
        self._transport = transport
        self._plan = plan
        self._script = script
        self._call = call
        self._calls = calls
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._buffer: list[bytes] = []
        self._size = 0
        self._pieces: list[bytes] = []
        self._began = 0.0
        self._paused = self._over = False

    def start(self) -> None:
        if self._script.fault == "silent":
            return
        self._timer = self._loop.call_later(self._script.headers_after, self._open)

    def _open(self) -> None:
        self._began = self._loop.time()
        self._transport.write(HEAD)
        self._go_on()

    def _go_on(self) -> None:
        """Sends what is due, until there is something to wait for; others get their turn too."""
        self._timer = None
        for _ in range(TURN):
            if self._over or self._paused:
                return
            if self._pieces:
                self._write(self._pieces.pop())
                break
            if not self._take(next(self._plan)):
                return
        self._timer = self._loop.call_soon(self._go_on)

    def _take(self, step: Step) -> bool:
        """Whether to go on at once."""
        if isinstance(step, bytes):
            self._gather(step)
            return True
        self._flush()
        if isinstance(step, Ending):
            self._finish(step)
            return False
        if self._began + step > self._loop.time() and not self._pieces:
            self._timer = self._loop.call_at(self._began + step, self._go_on)
            return False
        return True

    def _gather(self, frame: bytes) -> None:
        self._buffer.append(frame)
        self._size += len(frame)
        burst = self._script.burst
        if self._size >= GATHER or (burst and len(self._buffer) >= burst):
            self._flush()

    def _flush(self) -> None:
        if not self._buffer:
            return
        data = b"".join(self._buffer)
        self._buffer.clear()
        self._size = 0
        split = self._script.split
        if split:
            self._pieces = [data[i : i + split] for i in range(0, len(data), split)][::-1]
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._call.first_byte is None:
            self._call.first_byte = time.time()
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _finish(self, ending: Ending) -> None:
        if self._pieces:
            self._transport.write(
                b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in self._pieces[::-1])
            )
        self._over = True
        match ending:
            case Ending.COMPLETE | Ending.EOF:
                self._transport.write(b"0\r\n\r\n")
                self._calls.end(self._call, COMPLETE if ending is Ending.COMPLETE else EOF)
            case Ending.FIN:
                self._calls.end(self._call, CUT)
                self._transport.close()
            case Ending.RESET:
                self._calls.end(self._call, CUT)
                linger = struct.pack("ii", 1, 0)  # closes by RST instead of FIN
                sock = self._transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._transport.abort()
            case Ending.HANG:
                pass

    @property
    def is_over(self) -> bool:
        return self._over

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if self._timer is None and not self._over:
            self._timer = self._loop.call_soon(self._go_on)

    def lost(self) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        self._calls.end(self._call, CLIENT_CLOSED)
