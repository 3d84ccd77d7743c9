"""Outage: how the writer gets through a time in which the database takes nothing."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
    connection,
    transaction,
)

from ..models import Generation, LogEntry
from .base import Batch

logger = logging.getLogger(__name__)

#: What a database raises because of what it was given. Anything else is about itself: it is locked,
#: full, read-only, restarting or gone, and the same thing may succeed a little later.
REFUSED = (DataError, IntegrityError, ValueError, OverflowError)
AWAY = (DatabaseError, InterfaceError)
#: What a program that is wrong makes a database raise.
WRONG = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
#: How long the writer rests after a refusal, at first and at most; and how often it says so.
REST_S = (0.05, 1.0)
SAY_EVERY_S = 30.0


def is_away(error: BaseException) -> bool:
    """Whether this says that the database is away, and nothing is wrong with what was asked."""
    # SQLite calls bad SQL an operational error too.
    is_sql = getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return isinstance(error, AWAY) and not isinstance(error, WRONG) and not is_sql


def in_words(error: BaseException) -> str:
    """What a database said, in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class Outage:
    """Rests grow from one refusal to the next, until :meth:`over`."""

    def __init__(self) -> None:
        self._rest_s = REST_S[0]
        self._since: float | None = None
        self._said_at = float("-inf")

    @property
    def is_long(self) -> bool:
        """Whether there is little hope that the next try goes better."""
        return self._rest_s >= REST_S[1]

    def rest(self, error: Exception) -> None:
        """The database refused for this reason: wait a little, on a thread that may."""
        now = time.monotonic()
        self._since = self._since or now
        if now - self._said_at >= SAY_EVERY_S:
            self._said_at = now
            logger.warning("the database takes nothing, trying again: %s", in_words(error))
        connection.close()
        time.sleep(self._rest_s)
        self._rest_s = min(self._rest_s * 2, REST_S[1])

    def over(self) -> None:
        """It took what waited."""
        if self._since is not None:
            logger.warning("the database took it after %.1f s", time.monotonic() - self._since)
            self._since, self._rest_s, self._said_at = None, REST_S[0], float("-inf")


def landed(batches: Sequence[Batch]) -> bool:
    """Whether a commit that seemed to fail was made after all: only its answer was lost.

    ``batches`` are as that try left them. All of a transaction is there, or nothing of it.
    """
    for batch in batches:
        if batch.entries and not batch.fenced:
            claim, last = batch.claim, batch.entries[-1]
            pk, seq, epoch = claim.generation_id, last.seq, claim.epoch
            with transaction.atomic():
                # It may be on its way still: then the lock is not to be had before it is made.
                Generation.objects.select_for_update(no_key=True).filter(pk=pk).first()
                return LogEntry.objects.filter(generation=pk, seq=seq, epoch=epoch).exists()
    return False
