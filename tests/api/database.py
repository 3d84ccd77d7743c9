"""What a site has stored, read from its database file: what is there is what was committed."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

from streaming.events import decode
from streaming.fold import Fold, fold
from tests.site import Site

#: Everything that a request may change, but for when a token was last used. An answer's parts are
#: told by its log.
TABLES = {
    "conversations_conversation": "*",
    "conversations_message": (
        "id, conversation_id, parent_id, role, generation_id, created_at,"
        " CASE WHEN generation_id IS NULL THEN parts END"
    ),
    "conversations_idempotencykey": "*",
    "conversations_person": "id, username, password, is_active, is_staff, is_superuser",
    "conversations_apitoken": "id, name, scope, digest, expires_at, revoked_at",
    "streaming_generation": "*",
    "streaming_logentry": "generation_id, seq, epoch, name",
}


def rows(site: Site, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.data_dir / "unbroken.sqlite3", timeout=20)) as connection:
        connection.execute("PRAGMA query_only = 1")
        return connection.execute(query, parameters).fetchall()


def fingerprint(site: Site) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a digest of what is in them."""
    found = {}
    for table, columns in TABLES.items():
        content = rows(site, f"SELECT {columns} FROM {table} ORDER BY 1, 2")  # noqa: S608
        found[table] = (len(content), hashlib.sha256(repr(content).encode()).hexdigest())
    return found


def log(site: Site, message_id: str) -> list[tuple[int, str, str]]:
    """``(seq, name, data)`` of every committed entry of an answer."""
    query = (
        "SELECT seq, name, data FROM streaming_logentry WHERE generation_id ="
        " (SELECT id FROM streaming_generation WHERE key = ?) ORDER BY seq"
    )
    return rows(site, query, UUID(message_id).hex)


def stored(site: Site, message_id: str) -> Fold:
    """An answer as its committed entries tell it."""
    return fold(decode(name, data) for _, name, data in log(site, message_id))


def stored_text(site: Site, message_id: str) -> str:
    return "".join(part.text for part in stored(site, message_id).parts if part.type == "text")
