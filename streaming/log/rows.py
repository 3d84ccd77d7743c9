"""Rows: entries on their way into the database."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from uuid import UUID

from django.db import connection

from ..models import Generation, LogEntry
from .base import Claim, Entry

# By hand, since they run at every commit, and the ORM takes longer to say it than the database to
# do it.
_INSERT = (
    f"INSERT INTO {LogEntry._meta.db_table} "  # noqa: S608 - our own name
    "(generation_id, epoch, seq, name, data) VALUES "
)
_SELECT = (
    f"SELECT id, epoch, stop_receipt FROM {Generation._meta.db_table} "  # noqa: S608 - our own
    "WHERE state = %s AND id IN"
)
#: Rows in one statement. A statement a row would let go of the interpreter's lock for every row,
#: and wait for a busy event loop to give it back.
ROWS = 128

Row = tuple[int, int, int, str, str]


def rows_of(claim: Claim, entries: Iterable[Entry]) -> list[Row]:
    key = (claim.generation_id, claim.epoch)
    return [(*key, entry.seq, entry.name, entry.data) for entry in entries]


def insert(rows: list[Row]) -> None:
    """Append, inside the caller's transaction, by the holder of the epoch alone."""
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(some))
            cursor.execute(_INSERT + places, list(chain.from_iterable(some)))


def lock_epochs(ids: list[int]) -> dict[int, tuple[int, UUID | None]]:
    """Epoch and stop receipt of each generation that still runs; nobody can claim it meanwhile."""
    lock = ""
    if connection.features.has_select_for_no_key_update:
        lock = " ORDER BY id FOR NO KEY UPDATE"
    places = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} ({places}){lock}", [Generation.State.RUNNING.value, *ids])
        return {
            pk: (epoch, None if receipt is None else UUID(str(receipt)))
            for pk, epoch, receipt in cursor.fetchall()
        }
