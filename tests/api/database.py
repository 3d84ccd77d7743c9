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

#: Everything that a request may change, but for when a token was last used; of what is long, how
#: long it is. What an answer says is told by its log.
CONTENT = {
    "conversations": "SELECT * FROM conversations_conversation ORDER BY id",
    "messages": (
        "SELECT id, conversation_id, parent_id, role, generation_id, created_at,"
        " CASE WHEN generation_id IS NULL THEN length(parts) END"
        " FROM conversations_message ORDER BY id"
    ),
    "keys": "SELECT * FROM conversations_idempotencykey ORDER BY id",
    "people": "SELECT id, username, password, is_active FROM conversations_person ORDER BY id",
    "tokens": (
        "SELECT digest, scope, expires_at, revoked_at FROM conversations_apitoken ORDER BY id"
    ),
    "generations": (
        "SELECT id, key, state, epoch, stop_receipt, last_seq, output_tokens"
        " FROM streaming_generation ORDER BY id"
    ),
    "log": (
        "SELECT generation_id, count(*), max(seq), max(epoch)"
        " FROM streaming_logentry GROUP BY generation_id ORDER BY generation_id"
    ),
}


def rows(site: Site, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.data_dir / "unbroken.sqlite3", timeout=20)) as connection:
        connection.execute("PRAGMA query_only = 1")
        return connection.execute(query, parameters).fetchall()


def fingerprint(site: Site) -> dict[str, tuple[int, str]]:
    """How many rows there are of each kind, and a digest of what is in them."""
    found = {}
    for kind, query in CONTENT.items():
        content = rows(site, query)
        found[kind] = (len(content), hashlib.sha256(repr(content).encode()).hexdigest())
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
