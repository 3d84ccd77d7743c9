"""Unreadable: generations that nobody here can take, since what is stored of them is not known."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from django.db import transaction

from . import lease
from .accounts import Timings
from .closing import close
from .endings import BROKEN
from .events import Event, Failed, Started
from .fold import Fold
from .log.base import Entry
from .log.outage import is_away
from .log.rows import insert, rows_of
from .models import Generation, LogEntry

logger = logging.getLogger(__name__)

#: So often it is tried, with so many seconds between: in that time a process of a newer version,
#: which may know what it is, has taken it many times over.
TRIES = 4
REST_S = 2.0


class Unreadable:
    """Remembers which they are. What it is given up for is its own fault, never the database's."""

    def __init__(self) -> None:
        self._tries: dict[int, int] = {}
        self._rests_until: dict[int, float] = {}

    def rests(self, generation_id: int) -> bool:
        """Whether it is not to be tried just now."""
        return time.monotonic() < self._rests_until.get(generation_id, 0.0)

    def failed(self, generation_id: int, error: Exception) -> bool:
        """It could not be taken, for this reason; whether that was often enough."""
        tries = self._tries[generation_id] = self._tries.get(generation_id, 0) + 1
        self._rests_until[generation_id] = time.monotonic() + REST_S
        if tries == 1:
            logger.error("generation %s could not be taken", generation_id, exc_info=error)
        return tries >= TRIES

    def forget(self, generation_id: int) -> None:
        self._tries.pop(generation_id, None)
        self._rests_until.pop(generation_id, None)


def give_up(generation_id: int, owner: str) -> None:
    """End it, as one that failed, without its prompt; of its log, what can be read is kept."""
    try:
        _end(generation_id, owner)
    except Exception as error:
        if is_away(error):
            raise
        logger.exception("generation %s could not be ended", generation_id)


def _end(generation_id: int, owner: str) -> None:
    with transaction.atomic():
        claim = lease.claim(generation_id, owner)
        if claim is None:
            return
        events: list[Event] = [Failed("internal", BROKEN, True, Timings())]
        if not claim.seq:
            model = Generation.objects.values_list("model", flat=True).get(pk=generation_id)
            events.insert(0, Started(model))
        rows = LogEntry.objects.filter(generation_id=generation_id).order_by("seq")
        told = _readable(Entry(*row) for row in rows.values_list("seq", "name", "data"))
        written = [Entry.of(seq, event) for seq, event in enumerate(events, claim.seq + 1)]
        insert(rows_of(claim, written))
        close(claim, written[-1], told.parts)
    logger.error("generation %s was ended: nobody here can read it", generation_id)


def _readable(entries: Iterable[Entry]) -> Fold:
    fold = Fold()
    for entry in entries:
        try:
            fold.apply(entry.event)
        except Exception:
            logger.exception("entry %s can not be read", entry.seq)
            break
    return fold
