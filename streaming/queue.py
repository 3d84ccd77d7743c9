"""Queue: the generations that nobody runs. They wait for a place, or were left behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from . import lease
from .log.outage import AWAY, in_words
from .places import Places
from .takeover import Taken, take

logger = logging.getLogger(__name__)

#: How often this process looks for work that nobody told it of.
SWEEP_S = 0.5


class Queue:
    """Looks for work and hands it on, for as long as this process lives."""

    def __init__(
        self,
        node: str,
        places: Places,
        *,
        goes_on: bool,
        runs: Callable[[int], bool],
        run: Callable[[Taken], None],
    ) -> None:
        """``runs``: whether a generation runs here; ``run`` is handed what was claimed."""
        self._node = node
        self._places = places
        self._goes_on = goes_on
        self._runs = runs
        self._run = run
        self._look = asyncio.Event()
        #: Set when it has looked once.
        self.swept = asyncio.Event()
        self._closed = False
        self._is_restarted = self._is_away = False
        #: Generations that broke whoever tried to take them: they are left alone.
        self._broken: set[int] = set()
        #: When it last saw the queue, and from when on it may judge by what it sees.
        self._seen_at: float | None = None
        self._blind_until = 0.0

    def look(self) -> None:
        """There may be work: see soon."""
        self._look.set()

    def close(self) -> None:
        self._closed = True
        self._look.set()

    async def sweep(self) -> None:
        while not self._closed:
            try:
                await self._sweep()
                self._is_away = False
            except AWAY as error:
                if not self._is_away:
                    logger.warning("the queue could not be read, trying again: %s", in_words(error))
                self._is_away = True
                self._go_blind()
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._look.wait()
            except TimeoutError:
                continue
            self._look.clear()

    async def _sweep(self) -> None:
        if not self._is_restarted:
            await in_thread(lease.free_the_dead, self._node)
            self._is_restarted = True
        if self._can_judge():
            for generation_id in await in_thread(ids, lease.orphans()):
                # Our own are late when the database was; the writer renews them first thing.
                if not self._closed and not self._runs(generation_id):
                    await self._take(generation_id)
        waiting = await in_thread(ids, lease.waiting()[: max(self._places.free, 0) + 1])
        self._places.others_wait = bool(waiting)
        taken = [await self._take(generation_id) for generation_id in waiting]
        if any(taken) and self._places.free > 0:
            self._look.set()  # to see whether that was all
        self._seen_at = time.monotonic()
        self.swept.set()

    async def _take(self, generation_id: int) -> bool:
        """Whether it was ours to take."""
        if generation_id in self._broken or not (owner := self._places.reserve(queued=True)):
            return False
        taken = None
        try:
            taken = await in_thread(_take, generation_id, owner, self._goes_on)
        except AWAY:
            raise
        except Exception:
            # One that cannot be taken must not keep the others waiting for ever.
            self._broken.add(generation_id)
            logger.exception("generation %s could not be taken", generation_id)
        finally:
            if taken is None:
                self._places.give_back(owner)
        if taken is not None:
            self._run(taken)
        return taken is not None

    def _can_judge(self) -> bool:
        """Whether a lease that ran out means that its owner died.

        Not when the database or this process was away: then nobody could renew any, and those
        who live are given the time to.
        """
        if self._seen_at is not None and time.monotonic() - self._seen_at > _LEASE_S:
            self._go_blind()
        return time.monotonic() >= self._blind_until

    def _go_blind(self) -> None:
        self._blind_until = time.monotonic() + _LEASE_S
        self._seen_at = time.monotonic()


_LEASE_S = lease.LEASE.total_seconds()


async def in_thread(function: Any, *args: Any) -> Any:
    """Run something that may wait for the database, with a connection that is alive."""

    def work() -> Any:
        close_old_connections()
        return function(*args)

    return await sync_to_async(work)()


def ids(queryset: Any) -> list[int]:
    return list(queryset.values_list("pk", flat=True))


def _take(generation_id: int, owner: str, goes_on: bool) -> Taken | None:
    return take(generation_id, owner, goes_on=goes_on)
