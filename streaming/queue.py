"""Queue: the generations that nobody runs. They wait for a place, or were left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections, transaction

from . import lease
from .judge import Judge
from .lease import Stalled
from .log.outage import AWAY, in_words, is_away
from .places import Places
from .takeover import Taken, take
from .unreadable import Unreadable, give_up

logger = logging.getLogger(__name__)

#: How often this process looks for work that nobody told it of; and at first, when what a
#: predecessor left behind is to go on.
SWEEP_S = 0.5
FIRST_SWEEPS_S = 0.2
#: How many are claimed in one transaction: a commit costs more than a claim, and a longer one
#: would keep the writers waiting.
AT_ONCE = 16


class _Closed(Exception):
    """This process takes no more."""


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
        #: Set when it has looked at all that a predecessor left behind.
        self.swept = asyncio.Event()
        self._closed = False
        self._is_away = False
        self._at_work = asyncio.Lock()
        self._judge = Judge()
        self._unreadable = Unreadable()
        #: Until when processes of this host are looked for that are gone.
        self._restarted_until: float | None = None

    def look(self) -> None:
        """There may be work: see soon."""
        self._look.set()

    def close(self) -> None:
        self._closed = True
        self._look.set()

    async def closed(self, timeout: float) -> None:
        """After :meth:`close`: wait until what was being claimed runs, or is left alone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._at_work:
                pass

    async def sweep(self) -> None:
        while not self._closed:
            try:
                async with self._at_work:
                    await self._sweep()
                self._is_away = False
            except (*AWAY, Stalled) as error:
                if not self._is_away:
                    logger.warning("the queue could not be read, trying again: %s", in_words(error))
                self._is_away = True
                self._judge.go_blind()
            try:
                async with asyncio.timeout(SWEEP_S if self.swept.is_set() else FIRST_SWEEPS_S):
                    await self._look.wait()
            except TimeoutError:
                continue
            self._look.clear()

    async def _sweep(self) -> None:
        all_is_seen = self.swept.is_set() or await self._free_the_dead()
        left = await in_thread(self._judge.look, self._runs)
        # Behind a lock that we had to wait for, who lives had to wait as well.
        await self._take(left, lease.unhindered)
        waiting = await in_thread(ids, lease.waiting()[: max(self._places.free, 0) + 1])
        self._places.others_wait = bool(waiting)
        if await self._take(waiting, transaction.atomic) and self._places.free > 0:
            self._look.set()  # to see whether that was all
        if all_is_seen:
            self.swept.set()

    async def _free_the_dead(self) -> bool:
        """Whether that was all; of some it may be too early to tell."""
        now = asyncio.get_running_loop().time()
        self._restarted_until = self._restarted_until or now + lease.LEASE.total_seconds()
        _, unsure = await in_thread(lease.free_the_dead, self._node)
        return not unsure or now >= self._restarted_until

    async def _take(self, wanted: list[int], within: Callable[[], Any]) -> int:
        """How many of them were ours to take."""
        wanted = [pk for pk in wanted if not self._unreadable.rests(pk)]
        count = 0
        for start in range(0, len(wanted), AT_ONCE):
            places = self._places
            some = [pk for pk in wanted[start : start + AT_ONCE] if places.reserve(queued=True)]
            if not some:
                break
            taken: list[Taken] = []
            try:
                # Cancelled or not, it is not left half done: see :meth:`_claim`.
                taken = await asyncio.shield(in_thread(self._claim, some, within))
            finally:
                for _ in range(len(some) - len(taken)):
                    places.give_back(self._node)
            for one in taken:
                self._launch(one)
            count += len(taken)
        return count

    def _launch(self, taken: Taken) -> None:
        try:
            self._run(taken)
        except Exception:
            # Nobody renews its lease, and so it is found again; the others are not to wait.
            logger.exception("generation %s could not be run", taken.claim.key)
            self._places.give_back(self._node)

    def _claim(self, wanted: Collection[int], within: Callable[[], Any]) -> list[Taken]:
        """In one transaction, but each for itself: one that cannot be taken must not keep the
        others waiting for ever."""
        taken = []
        try:
            with within():
                for pk in wanted:
                    if (one := self._claim_one(pk)) is not None:
                        taken.append(one)
                if self._closed:
                    raise _Closed
        except _Closed:
            return []
        return taken

    def _claim_one(self, pk: int) -> Taken | None:
        try:
            taken = take(pk, self._node, goes_on=self._goes_on)
        except Exception as error:
            if is_away(error):
                raise
            if self._unreadable.failed(pk, error):
                give_up(pk, self._node)
            return None
        self._unreadable.forget(pk)
        return taken


async def in_thread(function: Any, *args: Any) -> Any:
    """Run something that may wait for the database, with a connection that is alive."""

    def work() -> Any:
        close_old_connections()
        return function(*args)

    return await sync_to_async(work)()


def ids(queryset: Any) -> list[int]:
    return list(queryset.values_list("pk", flat=True))
