"""Follow over HTTP, for a reader who may: who that is was decided by the caller."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

from django.http import StreamingHttpResponse

from .follower import Follower
from .shutdown import Shutdown
from .wire.base import Wire

#: A reader hears something at least every 15 s: so long after the last byte there is a ping.
BEAT_S = 10.0
#: Readers of a server that closes come back spread over this time, in ms.
RECONNECT_MS = (200, 1000)

HEADERS = {
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Accel-Buffering": "no",
}


class Body:
    """The bytes of one streaming response. Owns its follower; ``close`` may come twice."""

    def __init__(self, follower: Follower, wire: Wire, shutdown: Shutdown) -> None:
        self._follower = follower
        self._wire = wire
        self._shutdown = shutdown
        self._loop = asyncio.get_running_loop()
        self._opened = self._closed = False
        self._sent_at = self._loop.time()
        self._beat = self._loop.call_later(BEAT_S, self._on_beat)
        self._unwatch = shutdown.watch(follower.nudge)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._opened:
            self._opened = True
            return self._wire.hello()
        if self._closed or self._follower.ended or self._follower.gone:
            self._finish()
            raise StopAsyncIteration
        entries = [] if self._shutdown.draining else await self._follower.read()
        self._sent_at = self._loop.time()
        if entries:
            return self._wire.frames(entries)
        if self._shutdown.draining:
            self._finish()
            return self._wire.reconnect(random.randint(*RECONNECT_MS))  # noqa: S311
        return self._wire.ping()

    def _on_beat(self) -> None:
        silent = self._loop.time() - self._sent_at
        if silent >= BEAT_S:
            self._follower.nudge()
            silent = 0
        self._beat = self._loop.call_later(BEAT_S - silent, self._on_beat)

    def _finish(self) -> None:
        if not self._closed:
            self._closed = True
            self._beat.cancel()
            self._unwatch()
            self._follower.close()

    async def aclose(self) -> None:
        self._finish()

    def close(self) -> None:
        """Django calls this when the response is over, in whatever thread it likes."""
        self._loop.call_soon_threadsafe(self._finish)


class Following(StreamingHttpResponse):
    """Hands its body to the server as it is: Django would wrap every chunk in two generators."""

    def __init__(self, body: Body, **kwargs: Any) -> None:
        super().__init__(body, **kwargs)
        self._body = body

    def __aiter__(self) -> Body:
        return self._body


def stream(follower: Follower, wire: Wire, shutdown: Shutdown) -> StreamingHttpResponse:
    """A response that follows until the terminal event, or until one side leaves."""
    body = Body(follower, wire, shutdown)
    return Following(body, content_type=wire.content_type, headers=HEADERS)
