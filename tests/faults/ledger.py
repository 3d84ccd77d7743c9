"""The ledger: what a deployment's database holds, read (and once written) from outside."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from .evidence import Row, Stored

ANSWERS = (
    "SELECT m.conversation_id, g.id, g.key, g.state, g.epoch, g.attempt, g.losses, g.last_seq,"
    " g.stop_receipt, g.input_tokens, g.output_tokens, g.usage_exact, g.ended_at, m.parts"
    " FROM streaming_generation g JOIN conversations_message m ON m.generation_id = g.id"
    " WHERE m.conversation_id IN ({places}) ORDER BY g.id"
)
ENTRIES = (
    "SELECT generation_id, seq, epoch, name, data FROM streaming_logentry"
    " WHERE generation_id IN ({places}) ORDER BY generation_id, seq"
)
CLAIM = (
    "UPDATE streaming_generation SET epoch = epoch + 1, attempt = attempt + 1, lease_owner = {0},"
    " lease_until = STATEMENT_TIMESTAMP() + make_interval(secs => {0})"
    " WHERE key = {0} AND state = 'running' RETURNING id, epoch"
)
CLAIM_IN_A_FILE = (
    "UPDATE streaming_generation SET epoch = epoch + 1, attempt = attempt + 1, lease_owner = {0},"
    " lease_until = strftime('%Y-%m-%d %H:%M:%f', 'now', {0} || ' seconds')"
    " WHERE key = {0} AND state = 'running' RETURNING id, epoch"
)


class Ledger:
    """One database, by its ``DATABASE_URL``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_file = url.startswith("sqlite")

    def read(self, conversations: Iterable[str]) -> dict[str, list[Stored]]:
        """The answers of each conversation, as they are committed now, in one snapshot."""
        ids = [self._id(id) for id in conversations]
        found: dict[str, list[Stored]] = defaultdict(list)
        with self._snapshot() as ask:
            answers = ask(ANSWERS, ids)
            rows: dict[int, list[Row]] = defaultdict(list)
            for pk, *entry in ask(ENTRIES, [answer[1] for answer in answers]):
                rows[pk].append(Row(*entry))
        for conversation, pk, *columns in answers:
            found[str(UUID(str(conversation)))].append(_stored(columns, rows[pk]))
        return found

    @contextmanager
    def _snapshot(self) -> Iterator[Any]:
        """What asks several questions of one and the same state."""

        def ask(query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
            mark = "?" if self._is_file else "%s"
            if not values:
                return []
            text = query.format(places=", ".join([mark] * len(values)))
            return list(connection.execute(text, values).fetchall())

        connection: Any
        if self._is_file:
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=20)) as connection:
                connection.execute("BEGIN")
                yield ask
                connection.execute("ROLLBACK")
        else:
            with psycopg.connect(self._url) as connection:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield ask

    def _id(self, id: str) -> Any:
        return UUID(id).hex if self._is_file else UUID(id)

    # ----------------------------------------------------------- as another node would write
    def claim(self, message_id: str, owner: str, seconds: float) -> tuple[int, int] | None:
        """Take a running generation over, whoever has it: its new epoch, and its last entry.

        What a node does that found the lease run out, by the clock of the database.
        """
        statement = CLAIM_IN_A_FILE if self._is_file else CLAIM
        with self._writing() as execute:
            taken = execute(statement, owner, seconds, self._id(message_id)).fetchone()
            if taken is None:
                return None
            query = "SELECT max(seq) FROM streaming_logentry WHERE generation_id = {0}"
            return taken[1], int(execute(query, taken[0]).fetchone()[0] or 0)

    def epoch(self, message_id: str) -> int:
        with self._snapshot() as ask:
            query = "SELECT epoch FROM streaming_generation WHERE key IN ({places})"
            return int(ask(query, [self._id(message_id)])[0][0])

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        connection: Any

        def execute(query: str, *values: Any) -> Any:
            return connection.execute(query.format("?" if self._is_file else "%s"), values)

        if self._is_file:
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield execute
                connection.execute("COMMIT")
        else:
            with psycopg.connect(self._url) as connection:
                yield execute


def _stored(columns: Sequence[Any], rows: list[Row]) -> Stored:
    key, state, epoch, attempt, losses, last_seq, receipt, sent, got, exact, ended_at, parts = (
        columns
    )
    return Stored(
        message_id=str(UUID(str(key))),
        state=state,
        epoch=epoch,
        attempt=attempt,
        losses=losses,
        last_seq=last_seq,
        stop_receipt=str(UUID(str(receipt))) if receipt else "",
        usage={"input_tokens": sent, "output_tokens": got, "exact": bool(exact)},
        ended_at=_time(ended_at),
        rows=rows,
        parts=None if parts is None else json.loads(parts),
    )


def _time(at: Any) -> float | None:
    if at is None:
        return None
    if isinstance(at, str):
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", at)).replace(tzinfo=UTC)
    return float(at.timestamp())
