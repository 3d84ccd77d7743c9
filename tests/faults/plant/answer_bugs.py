"""Bugs around the answer's message: keys, and what is final."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from conversations import answering
from conversations.models import IdempotencyKey, Message, Person
from streaming import closing
from streaming.log.base import Claim

from .marks import bug_of, wrap

Original = Callable[..., Any]


def plant() -> None:
    wrap(answering, "_joined", _asks_before_it_looks)
    wrap(closing, "close", _changes_what_is_final)
    was_live: Any = Message.__dict__["is_live"]

    def is_live(self: Message) -> bool:
        pk = self.generation_id or 0
        return bool(was_live.fget(self)) and bug_of(pk) != "asks_before_it_looks"

    setattr(Message, "is_live", property(is_live))  # noqa: B010 - a property, to the type checker


def _asks_before_it_looks(original: Original) -> Original:
    """The key is looked up when it is too late: every call makes an answer."""

    def joined(person: Person, key: str, digest: str) -> Any:
        if key.startswith("plant:asks_before_it_looks"):
            IdempotencyKey.objects.filter(person=person, key=key).delete()
            return None
        return original(person, key, digest)

    return joined


def _changes_what_is_final(original: Original) -> Original:
    def change(generation_id: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, parts FROM conversations_message WHERE generation_id = %s",
                [generation_id],
            )
            id, parts = cursor.fetchone()
            changed = json.loads(parts)
            changed[-1]["text"] += " (edited)"
            cursor.execute(
                "UPDATE conversations_message SET parts = %s WHERE id = %s",
                [json.dumps(changed), id],
            )

    def close(claim: Claim, *rest: Any) -> None:
        original(claim, *rest)
        if bug_of(claim.generation_id) == "changes_what_is_final":
            transaction.on_commit(lambda: change(claim.generation_id))

    return close
