"""TCP connections that push back: how far a reader is behind, and when to give it up.

Stock Daphne hands every chunk to Twisted and never waits, so a reader that stalls costs
whatever the answer weighs. Here a sender waits while more than ``HIGH_WATER`` bytes are unsent.
"""

# mypy: allow-untyped-calls
# Twisted has types for the half of its methods only.
from __future__ import annotations

import asyncio
import contextvars
import socket
from typing import Any

import daphne.server  # noqa: F401 - installs Twisted's asyncio reactor, so it comes first
import twisted.internet.reactor
from twisted.internet import tcp

#: A sender waits while more bytes than this are unsent, and until fewer than ``LOW_WATER`` are.
HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024

#: Twisted's own types for it do not know what it is by now.
reactor: Any = twisted.internet.reactor

# A callback that serves a connection must not keep the request alive in which it was scheduled.
_NO_CONTEXT = contextvars.Context()


class Connection(tcp.Server):
    """An accepted connection that knows what its reader has not taken yet.

    Method names in Twisted's style override Twisted's own.
    """

    def __init__(self, connections: Connections, *accepted: Any) -> None:
        super().__init__(*accepted)
        #: Bytes written to this connection that the kernel has not taken.
        self.unsent = 0
        #: When (by the loop's clock) the kernel last took something, or there was first something.
        self.moved_at = 0.0
        self._loop = connections.loop
        self._senders: list[asyncio.Future[None]] = []
        self._flushing = False
        self._connections = connections
        connections.opened(self)

    async def room(self) -> None:
        """Wait until the reader has caught up, or is gone."""
        while self.unsent > HIGH_WATER and self.connected:
            sender = self._loop.create_future()
            self._senders.append(sender)
            await sender

    def stalled(self, timeout: float) -> bool:
        """There is something to take, and nothing of it was taken for ``timeout`` seconds."""
        return self.unsent > 0 and self._loop.time() - self.moved_at > timeout

    def write(self, data: bytes) -> None:
        self._count(len(data))
        super().write(data)

    def writeSequence(self, iovec: Any) -> None:
        self._count(sum(map(len, iovec)))
        super().writeSequence(iovec)

    def _count(self, size: int) -> None:
        if not self.unsent:
            self.moved_at = self._loop.time()
        self.unsent += size

    def writeSomeData(self, data: bytes) -> Any:
        taken = super().writeSomeData(data)
        if isinstance(taken, int) and taken:
            self.unsent -= taken
            self.moved_at = self._loop.time()
            if self.unsent < LOW_WATER:
                self._wake_senders()
        return taken

    def startWriting(self) -> None:
        # Twisted would ask epoll first, which nearly always says yes: two system calls a chunk.
        # One attempt at the end of this turn of the loop also puts head and body in one packet.
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush, context=_NO_CONTEXT)

    def _flush(self) -> None:
        self._flushing = False
        if self.connected and (self.doWrite() is not None or self.unsent):
            super().startWriting()  # the reactor goes on, and finds what went wrong

    def connectionLost(self, reason: Any) -> None:
        self._connections.closed(self)
        super().connectionLost(reason)
        self._wake_senders()

    def _wake_senders(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            if not sender.done():
                sender.set_result(None)


class Connections:
    """All open connections. One whose reader takes nothing for ``timeout`` seconds is dropped."""

    def __init__(self, timeout: float) -> None:
        self.loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        self.timeout = timeout
        self.open: set[Connection] = set()
        self._all_closed: asyncio.Future[None] | None = None

    def listen(self, sock: socket.socket, factory: Any) -> Any:
        """Accept from a listening socket; returns Twisted's port, which has its own copy."""
        # Accepted sockets inherit these. The second keeps what waits in the kernel as short as
        # what waits here; the third ends readers that vanished when nothing waits here yet.
        tcp_options = {
            "TCP_NODELAY": 1,
            "TCP_NOTSENT_LOWAT": HIGH_WATER,
            "TCP_USER_TIMEOUT": int(self.timeout * 1000),
        }
        for name, value in tcp_options.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        port = reactor.adoptStreamPort(sock.fileno(), sock.family, factory)
        port.transport = lambda *accepted: Connection(self, *accepted)
        return port

    def opened(self, connection: Connection) -> None:
        self.open.add(connection)

    def closed(self, connection: Connection) -> None:
        self.open.discard(connection)
        if self._all_closed is not None and not self.open and not self._all_closed.done():
            self._all_closed.set_result(None)

    def drop_stalled(self) -> None:
        """To be called often; what was written to a dropped connection is lost with it."""
        for connection in list(self.open):
            if connection.stalled(self.timeout):
                connection.abortConnection()

    async def close(self, timeout: float) -> None:
        """Close all, each when its reader has what was written, and in any case in time."""
        for connection in list(self.open):
            connection.unregisterProducer()  # a paused producer would hold it open
            connection.loseConnection()
        if self.open:
            self._all_closed = self.loop.create_future()
            await asyncio.wait({self._all_closed}, timeout=timeout)
        for connection in list(self.open):
            connection.abortConnection()
