"""Hooks: places at which the process kills itself, on the n-th pass for a marked answer.

A script named ``hook:PLACE:N`` marks an answer; it happens once in its life.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from streaming import closing
from streaming.follower import Follower
from streaming.log.base import Batch, Claim
from streaming.log.database import DatabaseLog
from streaming.runner import Runner

from .marks import bug_of, number_of, wrap

Original = Callable[..., Any]
_passes: Counter[int] = Counter()


def plant() -> None:
    wrap(DatabaseLog, "_commit", _around_the_commit)
    wrap(Runner, "committed", _around_the_wake_up)
    wrap(Follower, "read", _around_the_sending)
    wrap(closing, "close", _before_the_end_is_told)
    wrap(Runner, "launch", _before_it_is_launched)


def passing(place: str, generation_id: int) -> None:
    """Die here, if this is the place and the time."""
    if bug_of(generation_id) != place:
        return
    _passes[generation_id] += 1
    if _passes[generation_id] < number_of(generation_id):
        return
    marker = Path(settings.DATA_DIR) / f"died-{place}-{generation_id}"
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _around_the_commit(original: Original) -> Original:
    def commit(self: DatabaseLog, batches: list[Batch]) -> Any:
        for batch in batches:
            passing("before_commit", batch.claim.generation_id)
        report = original(self, batches)
        for batch in batches:
            passing("after_commit", batch.claim.generation_id)
        return report

    return commit


def _around_the_wake_up(original: Original) -> Original:
    def committed(self: Runner, claim: Claim, entries: Any) -> None:
        passing("before_wake_up", claim.generation_id)
        original(self, claim, entries)
        passing("after_wake_up", claim.generation_id)

    return committed


def _around_the_sending(original: Original) -> Original:
    async def read(self: Follower) -> Any:
        # Whoever reads again has sent what was read before.
        passing("after_send", self._generation_id)
        found = await original(self)
        passing("before_send", self._generation_id)
        return found

    return read


def _before_the_end_is_told(original: Original) -> Original:
    def close(claim: Claim, *rest: Any) -> None:
        passing("before_the_end_is_told", claim.generation_id)
        original(claim, *rest)

    return close


def _before_it_is_launched(original: Original) -> Original:
    def launch(self: Runner, begun: Any) -> None:
        passing("before_launch", begun.generation.pk)
        original(self, begun)

    return launch
