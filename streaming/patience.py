"""Patience: how long a silent provider is waited for, and the watch that is kept over one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: How long the provider may go on after its end marker (usage comes then), in seconds.
AFTER_THE_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long no byte may come, before the first one and after it; and how long no text."""

    first_s: float = 15.0
    next_s: float = 30.0
    silent_s: float = 300.0


class Watch:
    """One timer a call, however many bytes come. Calls ``stalled`` once, on the event loop."""

    def __init__(self, patience: Patience, stalled: Callable[[], None]) -> None:
        self._patience = patience
        self._stalled = stalled
        self._loop = asyncio.get_running_loop()
        self._limit_s = patience.first_s
        self._byte_at = self._text_at = self._loop.time()
        self._timer = self._loop.call_later(patience.first_s, self._look)

    def heard(self) -> None:
        """A byte came."""
        self._byte_at = self._loop.time()
        self._limit_s = self._patience.next_s

    def spoke(self) -> None:
        """Text came."""
        self._text_at = self._byte_at

    def finished(self) -> None:
        """The end marker came: not much more is due."""
        self._limit_s = AFTER_THE_END_S
        self._arm(self._limit_s)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While it is not the provider that is waited for."""
        self._timer.cancel()
        yield
        self._byte_at = self._text_at = self._loop.time()
        self._arm(self._limit_s)

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        due = min(self._byte_at + self._limit_s, self._text_at + self._patience.silent_s)
        left = due - self._loop.time()
        if left <= 0:
            self._stalled()
        else:
            self._arm(left)

    def _arm(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._look)
