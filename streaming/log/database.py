"""The log in the database: one writer thread, group commit, a fence in every transaction."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from .. import lease
from ..bells import bell
from ..bells.base import News
from ..closing import keep
from ..events import Event
from ..parts import Part
from ..watchdog import Watchdog
from .base import MAX_BACKLOG, SLICE, Batch, Claim, Entry, Fenced, Log
from .outage import AWAY, REFUSED, Outage, in_words, is_away, landed
from .reading import read
from .rows import Row, insert, lock_epochs, rows_of

logger = logging.getLogger(__name__)

#: Under load, the time from one commit to the next: at most about 200 syncs a second.
PACE_S = 0.005
#: The epoch of a claim that was lost: no generation has it.
LOST = -1
#: What may wait for a commit in all, by the measure of ``backlog``: each has its share.
MAX_BACKLOGS = 64_000_000


@dataclass
class _Report:
    """What one round of the writer found out, on its way to the event loop."""

    batches: Sequence[Batch] = ()
    lost: Sequence[Claim] = ()
    stops: Sequence[tuple[Claim, UUID]] = ()
    stopped: bool = False


class DatabaseLog(Log):
    """Commits at once when idle, about every 5 ms under load, whatever came in by then."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._bell = bell()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._pending: dict[int, Batch] = {}
        self._writing: dict[int, Batch] = {}
        self._claims: dict[int, Claim] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._stopped: asyncio.Future[None] | None = None
        self._outage = Outage()
        #: The writer renews no lease for a loop that is stuck; one that comes back looks at once.
        self.watchdog = Watchdog(self._wake.set)
        #: For the metrics: how many commits, entries and seconds in them.
        self.commits = self.committed_entries = 0
        self.commit_s = 0.0

    # ------------------------------------------------------------------ on the event loop
    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = self._loop.create_future()
        self._thread = threading.Thread(target=self._work, name="log-writer", daemon=True)
        self._thread.start()
        self.watchdog.start()

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._stopped is not None:
            await self._stopped
        self.watchdog.stop()

    def open(self, claim: Claim) -> None:
        self._claims[claim.generation_id] = claim

    def close(self, claim: Claim) -> None:
        if self._claims.get(claim.generation_id) is claim:
            del self._claims[claim.generation_id]

    def append(
        self,
        claim: Claim,
        events: Sequence[Event],
        *,
        resume: str | None = None,
        parts: Sequence[Part] | None = None,
    ) -> None:
        with self._lock:
            batch = self._pending.get(claim.generation_id)
            if batch is None:
                batch = self._pending[claim.generation_id] = Batch(claim)
            batch.add(events, resume, parts)
        if not self._wake.is_set():
            self._wake.set()

    async def flushed(self, claim: Claim) -> None:
        with self._lock:
            batch = self._pending.get(claim.generation_id) or self._writing.get(claim.generation_id)
            if batch is not None and batch.future is None:
                batch.future = asyncio.get_running_loop().create_future()
                # Whoever waited may be gone by then, and that is no error.
                batch.future.add_done_callback(asyncio.Future.exception)
        if batch is not None and batch.future is not None:
            await asyncio.shield(batch.future)
        if claim.epoch == LOST:
            raise Fenced(str(claim.key))

    def backlog(self, claim: Claim) -> int:
        batch = self._pending.get(claim.generation_id)
        return batch.size if batch else 0

    def is_behind(self, claim: Claim) -> bool:
        share = MAX_BACKLOGS // (len(self._pending) or 1)
        return self.backlog(claim) > min(share, MAX_BACKLOG)

    def _acknowledge(self, report: _Report) -> None:
        for batch in report.batches:
            if batch.fenced:
                self.watcher.fenced(batch.claim)
            else:
                self.watcher.committed(batch.claim, batch.entries)
            batch.resolve()
        for claim in report.lost:
            self.watcher.fenced(claim)
        for claim, receipt in report.stops:
            self.watcher.stop_requested(claim, receipt)
        if report.stopped and self._stopped is not None:
            self._stopped.set_result(None)

    # ----------------------------------------------------------------- on any other thread
    def read(self, generation_id: int, after: int, limit: int = SLICE) -> list[Entry]:
        return read(generation_id, after, limit)

    # ---------------------------------------------------------------- on the writer's thread
    def _work(self) -> None:
        last_commit = last_renewal = 0.0
        while True:
            self._wake.wait(lease.RENEW_EVERY_S)
            if (early := last_commit + PACE_S - time.monotonic()) > 0:
                time.sleep(early)
            self._wake.clear()
            if batches := self._take():
                self._persist(batches)
                last_commit = time.monotonic()
            elif self._stopping:
                break
            if time.monotonic() - last_renewal >= lease.RENEW_EVERY_S:
                last_renewal = time.monotonic()
                self._renew()
        try:
            connection.close()
        finally:
            self._tell(_Report(stopped=True))

    def _take(self) -> list[Batch]:
        with self._lock:
            self._writing, self._pending = self._pending, {}
            return list(self._writing.values())

    def _tell(self, report: _Report) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._acknowledge, report)
        except RuntimeError:
            logger.debug("the event loop is gone; nobody is left to tell")

    def _persist(self, batches: list[Batch]) -> None:
        """Commit, however long it takes: what came in waits, and nobody sees it before."""
        is_doubtful = False
        while True:
            try:
                if is_doubtful and landed(batches):
                    report = _Report(batches=_settled(batches))
                else:
                    report = self._commit(batches)
            except REFUSED as error:
                self._persist_one_by_one(batches, error)
                return
            except AWAY as error:
                is_doubtful = True
                if self._stopping and self._outage.is_long:
                    logger.warning("stopping without having written everything: %s", error)
                    return
                self._outage.rest(error)
            except Exception as error:
                # A mistake of ours must not end the thread that every answer waits for.
                logger.exception("a commit failed")
                self._persist_one_by_one(batches, error)
                return
            else:
                self._outage.over()
                self._written(batches)
                self._tell(report)
                return

    def _persist_one_by_one(self, batches: list[Batch], error: Exception) -> None:
        """One batch that the database will not have must not hold up the others."""
        if len(batches) > 1:
            for batch in batches:
                self._persist([batch])
            return
        batch = batches[0]
        logger.error("generation %s: an entry was refused: %s", batch.claim.key, error)
        batch.fenced = True
        # What came in since must not follow what is missing.
        batch.claim.epoch = LOST
        self._written(batches)
        self._tell(_Report(batches=batches))

    def _written(self, batches: list[Batch]) -> None:
        """These are done with, one way or the other."""
        with self._lock:
            for batch in batches:
                self._writing.pop(batch.claim.generation_id, None)

    def _renew(self) -> None:
        claims = list(self._claims.values())
        if not claims or not self.watchdog.is_alive:
            return
        try:
            connection.close_if_unusable_or_obsolete()
            ours, stops = lease.renew(claims, self._owner)
        except Exception as error:  # as in _persist
            if is_away(error):
                logger.warning("leases were not renewed: %s", in_words(error))
            else:
                logger.exception("leases were not renewed")
            with suppress(*AWAY):
                connection.close()
            return
        report = _Report(
            lost=[claim for claim in claims if claim.generation_id not in ours],
            stops=[
                (claim, stops[claim.generation_id])
                for claim in claims
                if claim.generation_id in stops
            ],
        )
        if report.lost or report.stops:
            self._tell(report)

    def _commit(self, batches: list[Batch]) -> _Report:
        began = time.monotonic()
        stops: list[tuple[Claim, UUID]] = []
        rows: list[Row] = []
        with transaction.atomic(durable=True):
            held = lock_epochs([batch.claim.generation_id for batch in batches])
            for batch in batches:
                claim = batch.claim
                epoch, receipt = held.get(claim.generation_id, (0, None))
                batch.fenced = epoch != claim.epoch
                if batch.fenced:
                    continue
                if receipt is not None:
                    stops.append((claim, receipt))
                rows.extend(rows_of(claim, batch.number()))
            insert(rows)
            for batch in batches:
                if not batch.fenced:
                    keep(batch)
            if rows:
                self._bell.ring(News(logs=frozenset(row[0] for row in rows)))
        _settled(batches)
        self.commits += 1
        self.committed_entries += len(rows)
        self.commit_s += time.monotonic() - began
        return _Report(batches=batches, stops=stops)


def _settled(batches: Sequence[Batch]) -> Sequence[Batch]:
    """These were committed: what that means for their claims."""
    for batch in batches:
        if batch.fenced:
            batch.claim.epoch = LOST
        else:
            batch.claim.seq = batch.entries[-1].seq
    return batches
