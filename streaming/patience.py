"""Patience: how long a provider is waited for, silent in a call or asking us to come back later."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .providers.base import ProviderError

#: Calls for one run of an answer before it says anything, and the longest wait between two.
MAX_CALLS = 4
LONGEST_WAIT_S = 60.0
#: Runs of one answer that may be lost before nothing but a person goes on with it.
MAX_LOSSES = 3
#: What a provider says when it wants us to wait, be it in mid-answer.
BUSY = frozenset({"rate_limited", "overloaded", "server_error"})
#: How long the provider may go on after its end marker (usage comes then), in seconds.
AFTER_THE_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long no byte may come, before the first one and after it; and how long no text."""

    first_s: float = 15.0
    next_s: float = 30.0
    silent_s: float = 300.0

    def at_least(self, seconds: float) -> Patience:
        """For a model that takes its time."""
        return Patience(
            max(self.first_s, seconds), max(self.next_s, seconds), max(self.silent_s, 2 * seconds)
        )


@dataclass(frozen=True, slots=True)
class Patiences:
    """The patience with each model."""

    usual: Patience = Patience()
    #: For models that are known to think before they answer: they may be silent for as long.
    thinking_s: float = 0.0
    #: ``provider/name`` -> seconds, whatever else is known of it; ``*`` stands for anything. The
    #: first that fits counts.
    by_model: Mapping[str, float] = field(default_factory=dict)

    def of(self, model_id: str, thinks: bool) -> Patience:
        for pattern, seconds in self.by_model.items():
            if fnmatchcase(model_id, pattern):
                return Patience(seconds, seconds, max(self.usual.silent_s, 2 * seconds))
        return self.usual.at_least(self.thinking_s) if thinks else self.usual


def wait_s(error: ProviderError, call: int) -> float:
    """How long to wait behind the ``call``-th failure, the first being 1.

    What the provider asked for, or 0.5, 1, 2 s; jittered so that not all come back at once.
    """
    if error.retry_after_s is None:
        backoff: float = 0.5 * 2 ** (call - 1) * random.uniform(0.75, 1.25)  # noqa: S311
        return backoff
    return error.retry_after_s + random.uniform(0, 0.25)  # noqa: S311


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
        if self._limit_s == self._patience.first_s != self._patience.next_s:
            self._limit_s = self._patience.next_s
            self._arm(self._limit_s)

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
