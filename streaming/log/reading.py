"""Reading: a slice of a log, from the database."""

from __future__ import annotations

from django.db import connection

from ..models import LogEntry
from .base import Entry, Merged, Unavailable
from .outage import AWAY


def read(generation_id: int, after: int, limit: int) -> list[Entry]:
    """As :meth:`Log.read` has it."""
    try:
        return _read(generation_id, after, limit)
    except AWAY as error:
        connection.close()  # the next read makes one that works
        raise Unavailable(str(error)) from error


def _read(generation_id: int, after: int, limit: int) -> list[Entry]:
    log = LogEntry.objects.filter(generation_id=generation_id).order_by("seq")
    entries: list[Entry] = []
    # Where rows are large a few fill a slice; where they are small, a hundred may not.
    for count in (16, 100):
        # The row we come from is read along: whether it is still there is part of the answer.
        rows = list(log.filter(seq__gte=after).values_list("seq", "name", "data")[: count + 1])
        if after and (not rows or rows[0][0] != after):
            raise Merged(after)
        for seq, name, data in rows[1:] if after else rows:
            entries.append(Entry(seq, name, data))
            limit -= len(data)
            if limit <= 0:
                return entries
        if len(rows) <= count:
            break
        after = entries[-1].seq
    return entries
