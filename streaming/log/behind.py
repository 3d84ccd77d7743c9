"""Behind: what other processes have written since, for many logs in one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from django.db import connection

from ..models import Generation, LogEntry
from .base import Entry

#: How many entries of one log are read at once, and how many logs.
ENTRIES = 32
LOGS = 50

# By hand, as in rows.py. The row that is known is read along, for it may be gone by now.
_ONE = (
    "SELECT * FROM (SELECT generation_id, seq, name, data "  # noqa: S608 - our own
    f"FROM {LogEntry._meta.db_table} WHERE generation_id = %s AND seq >= %s "
    f"ORDER BY seq LIMIT {ENTRIES + 1}) AS log"
)


@dataclass
class Behind:
    """What has become of some logs."""

    #: New entries by generation.
    news: dict[int, list[Entry]] = field(default_factory=dict)
    #: Of these there is more than was read.
    more: set[int] = field(default_factory=set)
    #: In these the entry that was known is no more: the log was compacted, or is gone.
    lost: set[int] = field(default_factory=set)
    #: These had no entry and are gone.
    gone: set[int] = field(default_factory=set)


def read_behind(known: Mapping[int, int]) -> Behind:
    """``{generation: last seq known}``; 0 is before the first. Waits for the database."""
    behind = Behind()
    for some in _batches(list(known.items())):
        query = " UNION ALL ".join([_ONE] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(query, [value for pair in some for value in pair])
            rows = cursor.fetchall()
        found = {pk: list(group) for pk, group in groupby(rows, itemgetter(0))}
        for pk, seq in some:
            _sort(behind, pk, seq, [Entry(*row[1:]) for row in found.get(pk, ())])
    silent = [pk for pk, seq in known.items() if not seq and pk not in behind.news]
    if silent:
        there = set(Generation.objects.filter(pk__in=silent).values_list("pk", flat=True))
        behind.gone = set(silent) - there
    return behind


def _batches(pairs: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    return [pairs[start : start + LOGS] for start in range(0, len(pairs), LOGS)]


def _sort(behind: Behind, pk: int, seq: int, entries: list[Entry]) -> None:
    if len(entries) > ENTRIES:
        behind.more.add(pk)
    if seq:
        if not entries or entries[0].seq != seq:
            behind.lost.add(pk)
            return
        del entries[0]
    if entries:
        behind.news[pk] = entries
