"""Daphne, with what it lacks: senders that wait, limits, a lifespan, an orderly end."""

# mypy: allow-untyped-calls
# Twisted has types for the half of its methods only.
from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import daphne.server
from daphne.ws_protocol import WebSocketFactory
from twisted.internet import defer
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    STDLibLogObserver,
    globalLogBeginner,
)

from .connection import HIGH_WATER, Connection, Connections, reactor
from .lifespan_call import CannotServe, LifespanCall
from .limits import Channel, Factory, Limits, Request, public_path

logger = logging.getLogger(__name__)

Announce = Callable[[str], str | Awaitable[str]]


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any free one. Raises CannotServe."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=1024)
    except (socket.gaierror, OverflowError) as error:
        raise CannotServe(f"Cannot listen on {host} port {port}: {error}.") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # its own words say the address once more
        raise CannotServe(f"Cannot listen on {host} port {port}: {reason}.") from error
    sock.setblocking(False)
    return sock


def url(sock: socket.socket) -> str:
    """Where a browser on this machine opens it."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class Server(daphne.server.Server):  # type: ignore[misc] # untyped
    """One ASGI application on one listening socket.

    ``announce`` is given the URL when requests are answered; its line is printed. A reader that
    takes nothing for ``write_timeout`` seconds is dropped.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        sock: socket.socket,
        announce: Announce,
        *,
        write_timeout: float = 60.0,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(
            application,
            endpoints=[url(sock)],  # Daphne refuses to be without; the socket is listened on here
            request_buffer_size=HIGH_WATER,
            server_name="",
        )
        self.sock = sock
        self.announce = announce
        self.failure: BaseException | None = None
        self.connections: dict[Any, dict[str, Any]] = {}
        self.tcp = Connections(write_timeout)
        self.http_factory = Factory(self, limits or Limits())
        self.ws_factory = WebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,  # the application judges origins
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        self._lifespan = LifespanCall(application)
        self._port: Any = None
        self._opening: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None

    # ---- from start to end

    def run(self) -> None:
        """Serve until the process is told to end. Raises what made it end otherwise.

        Works once in a process, as Twisted's reactor does.
        """
        _begin_logging()
        asyncio.set_event_loop(self.tcp.loop)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: reactor.callFromThread(self.stop))
        reactor.callWhenRunning(self._begin)
        reactor.addSystemEventTrigger("before", "shutdown", self._before_shutdown)
        reactor.run(installSignalHandlers=False)
        if self.failure is not None:
            raise self.failure

    def _begin(self) -> None:
        self._opening = self.tcp.loop.create_task(self._open())
        self._sweeping = self.tcp.loop.create_task(self._sweep())
        self.application_checker()
        self.timeout_checker()

    async def _open(self) -> None:
        try:
            await self._lifespan.startup()
            self._port = self.tcp.listen(self.sock, self.http_factory)
            line = self.announce(url(self.sock))
            print(await line if inspect.isawaitable(line) else line, flush=True)  # noqa: T201 - for the person who started it
        except Exception as error:  # noqa: BLE001 - raised by run()
            self.failure = error
            self.stop()

    def _before_shutdown(self) -> defer.Deferred[None]:
        return defer.Deferred.fromFuture(self.tcp.loop.create_task(self._close()))

    async def _close(self) -> None:
        """No new connections; the application's own end; what was written gets out; all closed."""
        assert self._opening is not None
        assert self._sweeping is not None
        self._opening.cancel()
        self.sock.close()
        self.http_factory.closing = True
        for channel in self._channels():
            channel.close_if_idle()
        try:
            if self._port is not None:
                await self._port.stopListening().asFuture(self.tcp.loop)
            await self._lifespan.shutdown()
        except Exception as error:  # noqa: BLE001 - raised by run()
            self.failure = self.failure or error
        calls = {
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details
        }
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls, timeout=1)
        await self.tcp.close(timeout=1)
        self._sweeping.cancel()

    async def _sweep(self) -> None:
        """Enforce every deadline, each at most an eighth too late."""
        deadlines = (self.tcp.timeout, self.http_factory.limits.head_time, 40.0)
        while True:
            await asyncio.sleep(min(deadlines) / 8)
            self.tcp.drop_stalled()
            for channel in self._channels():
                channel.refuse_if_slow()

    def _channels(self) -> list[Channel]:
        protocols = [connection.protocol for connection in self.tcp.open]
        return [protocol for protocol in protocols if isinstance(protocol, Channel)]

    # ---- requests and their answers

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> asyncio.Queue[Any]:
        """Start the application on a request; what is put into the queue, it receives."""
        scope["asgi"] = {"version": "3.0", "spec_version": "2.3"}
        inbox: asyncio.Queue[Any] = asyncio.Queue()
        # A pipelined request is read inside the task of the one before it: nothing is inherited.
        self.connections[protocol]["application_instance"] = self.tcp.loop.create_task(
            self._call(protocol, scope, inbox.get), context=contextvars.Context()
        )
        return inbox

    async def _call(self, protocol: Any, scope: dict[str, Any], receive: Any) -> None:
        try:
            await self.application(scope, receive, partial(self.handle_reply, protocol))
        except Exception as error:
            logger.exception("Failed: %s", public_path(scope["path"]))
            if self._is_open(protocol):
                protocol.handle_exception(error)
        else:
            if isinstance(protocol, Request) and self._is_open(protocol) and not protocol.finished:
                if not self.http_factory.closing:
                    logger.error("Left without an answer: %s", public_path(scope["path"]))
                protocol.handle_exception(None)

    def _is_open(self, protocol: Any) -> bool:
        return "disconnected" not in self.connections.get(protocol, {"disconnected": None})

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """``send()``: waits while the reader is behind, and does nothing when it is gone."""
        connection: Connection | None = protocol.transport
        if connection is not None and connection.unsent > HIGH_WATER:
            await connection.room()
        if self._is_open(protocol):
            self.check_headers_type(message)
            protocol.handle_reply(message)
        else:
            await asyncio.sleep(0.01)  # or a sender that never looks up would keep the loop

    def timeout_checker(self) -> None:
        """Daphne's own, which one protocol's failure would end for all."""
        for protocol in list(self.connections):
            try:
                protocol.check_timeouts()
            except Exception:
                logger.exception("Could not check a connection's timeouts")
        reactor.callLater(2, self.timeout_checker)


def _begin_logging() -> None:
    """Twisted's warnings and errors go to the logger `twisted`; it has much to say besides."""
    only = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    observer: Any = FilteringLogObserver(STDLibLogObserver("twisted"), [only])  # type: ignore[arg-type,list-item]  # zope's interfaces
    globalLogBeginner.beginLoggingTo([observer], discardBuffer=True, redirectStandardIO=False)


def serve(
    application: Callable[..., Any], host: str, port: int, announce: Announce, **options: Any
) -> int:
    """Serve until the process is told to end. Returns its exit code; says why when it is not 0."""
    try:
        Server(application, bind(host, port), announce, **options).run()
    except CannotServe as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started it
        return 1
    return 0
