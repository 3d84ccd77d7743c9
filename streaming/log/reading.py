"""Reading: a slice of a log, from the database."""

from __future__ import annotations

from django.db import connection

from ..models import LogEntry
from .base import Entry, Merged, Unavailable
from .outage import AWAY

#: How many entries one read hands over at most.
ENTRIES = 100
_TABLE = LogEntry._meta.db_table

# By hand, as in rows.py. SQLite looks at a row when it is asked for it: it need not be told when
# to stop.
_ROWS = (
    f"SELECT seq, name, data FROM {_TABLE} "  # noqa: S608 - our own name
    f"WHERE generation_id = %s AND seq >= %s ORDER BY seq LIMIT {ENTRIES + 1}"
)
# PostgreSQL sends all at once, and knows the size of a text that it has not read.
_SIZED = (
    "SELECT seq, name, data FROM (SELECT seq, name, data, "  # noqa: S608 - our own name
    "sum(CASE WHEN seq > %s THEN octet_length(data) ELSE 0 END) OVER (ORDER BY seq) "
    f"- octet_length(data) AS before FROM {_TABLE} "
    f"WHERE generation_id = %s AND seq >= %s ORDER BY seq LIMIT {ENTRIES + 1}) AS log "
    "WHERE before < %s ORDER BY seq"
)


def read(generation_id: int, after: int, limit: int) -> list[Entry]:
    """As :meth:`Log.read` has it."""
    try:
        return _read(generation_id, after, limit)
    except AWAY as error:
        connection.close()  # the next read makes one that works
        raise Unavailable(str(error)) from error


def _read(generation_id: int, after: int, limit: int) -> list[Entry]:
    """The row we come from is read along: whether it is still there is part of the answer."""
    entries: list[Entry] = []
    is_there = not after
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_SIZED, [after, generation_id, after, limit])
        else:
            cursor.execute(_ROWS, [generation_id, after])
        for seq, name, data in cursor:
            if seq == after:
                is_there = True
                continue
            if not is_there:
                break
            entries.append(Entry(seq, name, data))
            limit -= len(data)
            if limit <= 0:
                break
    if not is_there:
        raise Merged(after)
    return entries
