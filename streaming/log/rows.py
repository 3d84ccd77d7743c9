"""Rows: entries on their way into the database."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from django.db import connection

from ..models import LogEntry
from .base import Claim, Entry

# By hand, since it runs at every commit, and the ORM takes longer to say it than the database to
# do it.
_INSERT = (
    f"INSERT INTO {LogEntry._meta.db_table} "  # noqa: S608 - our own name
    "(generation_id, epoch, seq, name, data) VALUES "
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
