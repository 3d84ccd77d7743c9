"""Watchdog: how late the event loop is, and whether it lives at all."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from .lease import LEASE

logger = logging.getLogger(__name__)

#: How often the loop shows that it lives.
BEAT_S = 0.1
#: One that has not for so long cannot serve what this process holds.
DEAD_S = LEASE.total_seconds() / 2
#: So long a block is worth a line in the log.
BLOCKED_S = 0.5


class Watchdog:
    """Watches one event loop, from :meth:`start` to :meth:`stop`.

    A thread that speaks for the process (the log's writer, which renews the leases) asks
    :attr:`is_alive` before it claims that all is well. ``came_back`` is called on the loop when
    that had become untrue and is true again.
    """

    def __init__(self, came_back: Callable[[], None] = lambda: None) -> None:
        #: For the metrics: how late the last beat was, and the latest one so far, in seconds.
        self.lag_s = self.worst_lag_s = 0.0
        self._came_back = came_back
        self._beat_at = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the loop has shown life just now; from any thread."""
        return time.monotonic() - self._beat_at < DEAD_S

    def start(self) -> None:
        """On the event loop that is to be watched."""
        self._beat_at = time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        now = time.monotonic()
        silent_s, self._beat_at = now - self._beat_at, now
        self.lag_s = max(0.0, silent_s - BEAT_S)
        self.worst_lag_s = max(self.worst_lag_s, self.lag_s)
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)
        if silent_s >= DEAD_S:
            logger.warning(
                "the event loop was blocked for %.1f s; meanwhile no lease was renewed",
                self.lag_s,
            )
            self._came_back()
        elif self.lag_s > BLOCKED_S:
            logger.warning("the event loop was blocked for %.1f s", self.lag_s)
