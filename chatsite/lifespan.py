"""From start to end: what lives as long as the server process, on any ASGI server.

Speaks the application's side of the ASGI lifespan protocol (version 2.0) and, because uvicorn says
"shutdown" only when the last connection has closed, hears the signal itself as well.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import FrameType
from typing import Any

from streaming.shutdown import Shutdown

logger = logging.getLogger(__name__)

Message = dict[str, Any]


class Lifespan:
    """An ASGI application around another one.

    ``running()`` is entered on the event loop before the first request is served, and left at
    the end: by SIGTERM, by SIGINT, or when the server says so. Then, in this order: ``shutdown``
    begins, so that followers send ``reconnect`` and end; calls still open after ``grace`` seconds
    are cancelled; ``running()`` is left, for which it has ``limit`` seconds. A second signal ends
    the process at once. Servers that know no lifespan enter with their first request.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        running: Callable[[], AbstractAsyncContextManager[object]],
        shutdown: Shutdown,
        *,
        grace: float = 3.0,
        limit: float = 10.0,
    ) -> None:
        self.app = app
        self.running = running
        self.shutdown = shutdown
        self.grace = grace
        self.limit = limit
        self._life: asyncio.Task[None] | None = None
        self._started: asyncio.Future[None] | None = None
        self._ready = False
        self._open: set[asyncio.Task[Any]] = set()
        self._cut: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._obey(receive, send)
            return
        if not self._ready:
            await self.start()
        call = asyncio.current_task()
        assert call is not None
        self._open.add(call)
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            if call not in self._cut:
                raise
        finally:
            self._open.discard(call)

    async def _obey(self, receive: Any, send: Any) -> None:
        """The two messages of the lifespan protocol."""
        await receive()
        try:
            await self.start()
        except Exception as error:
            logger.exception("Could not start")
            await send({"type": "lifespan.startup.failed", "message": _in_words(error)})
            return
        except asyncio.CancelledError:
            if self._life is not None:
                self._life.cancel()
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await self.end()
        except Exception as error:  # noqa: BLE001 - the server is told, and stops
            await send({"type": "lifespan.shutdown.failed", "message": _in_words(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    async def start(self) -> None:
        """Enter ``running()``, once; whoever comes meanwhile waits. Raises what it raised."""
        if self._started is None:
            self._started = asyncio.get_running_loop().create_future()
            # An empty context, since the first request may be the one that starts it.
            self._life = asyncio.create_task(self._live(), context=contextvars.Context())
        await asyncio.shield(self._started)

    async def end(self) -> None:
        """Begin the shutdown and wait until ``running()`` has been left."""
        self.shutdown.begin()
        if self._life is not None:
            await self._life

    async def _live(self) -> None:
        assert self._started is not None
        running = self.running()
        try:
            await running.__aenter__()
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._started.set_exception(error)
            return
        signals = _Signals(self.shutdown)
        self._ready = True
        self._started.set_result(None)
        try:
            await self.shutdown.wait()
            await self._drain()
        finally:
            await self._leave(running)
            signals.restore()

    async def _leave(self, running: AbstractAsyncContextManager[object]) -> None:
        try:
            async with asyncio.timeout(self.limit):
                await running.__aexit__(None, None, None)
        except TimeoutError:
            raise TimeoutError(f"the end took longer than {self.limit:g} s") from None

    async def _drain(self) -> None:
        """Let open calls end by themselves, then cancel them."""
        deadline = asyncio.get_running_loop().time() + self.grace
        while self._open and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._open, timeout=left)
        if self._open:
            logger.warning("Cut %d calls that did not end at shutdown", len(self._open))
            self._cut |= self._open
            for call in self._cut:
                call.cancel()
            await asyncio.wait(self._cut, timeout=1)


class _Signals:
    """Hears SIGTERM and SIGINT before the server does, and passes them on."""

    NUMBERS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._previous: dict[int, Any] = {}
        self._fatal: int | None = None
        if threading.current_thread() is threading.main_thread():
            self._previous = {n: signal.signal(n, self._heard) for n in self.NUMBERS}

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._shutdown.draining:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._shutdown.begin()
        if callable(self._previous[number]):
            self._previous[number](number, frame)
        elif self._previous[number] == signal.SIG_DFL:
            self._fatal = number

    def restore(self) -> None:
        """Give the signals back. One that would have ended the process ends it now."""
        for number, handler in self._previous.items():
            if signal.getsignal(number) == self._heard:
                signal.signal(number, handler)
        if self._fatal is not None:
            signal.raise_signal(self._fatal)


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
