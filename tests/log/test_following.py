"""Followers who come back in a crowd cost the database little."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext

from streaming import generations, lease
from streaming.cursors import cursor
from streaming.events import Delta, PartOpened, Started
from streaming.follower import Follower
from streaming.log.base import SLICE, Claim, Entry
from streaming.log.database import DatabaseLog
from streaming.log.rows import insert, rows_of
from streaming.parts import Part
from streaming.prompt import Prompt
from streaming.tails import Tails

from .contract import END, new_key

pytestmark = pytest.mark.django_db(transaction=True)

STORY = [Started("demo/tour"), PartOpened(0, Part("text")), *[Delta(0, "x")] * 70, END]
ENTRIES = [Entry.of(seq, event) for seq, event in enumerate(STORY, 1)]


def written(entries: list[Entry]) -> Claim:
    generation = generations.begin(new_key(), Prompt("demo/tour", ()), {}, owner="").generation
    claim = lease.claim(generation.pk, "there:1:abc")
    assert claim is not None
    insert(rows_of(claim, entries))
    return claim


def test_a_slice_is_one_query() -> None:
    claim, log = written(ENTRIES), DatabaseLog("here:1:abc")
    with CaptureQueriesContext(connection) as made:
        assert log.read(claim.generation_id, 20) == ENTRIES[20:]
    assert len(made) == 1


def test_a_slice_of_large_entries_is_no_more_than_that() -> None:
    large = [Entry.of(3 + n, Delta(0, "é" * (SLICE // 2))) for n in range(9)]
    claim, log = written([*ENTRIES[:2], *large]), DatabaseLog("here:1:abc")
    for after in (0, 2, 4, 10):
        read = log.read(claim.generation_id, after)
        assert read[0].seq == after + 1
        assert len(read) <= 5
    assert log.read(claim.generation_id, 11) == []


async def test_what_is_still_remembered_here_is_not_read_again() -> None:
    claim = await sync_to_async(written)(ENTRIES[:40])
    pk, log, tails = claim.generation_id, DatabaseLog("here:1:abc"), Tails()
    first = Follower(log, tails, pk, claim.key, in_thread=sync_to_async)
    tails.extend(pk, ENTRIES[:40])

    def unread(*args: object) -> list[Entry]:
        raise AssertionError("it is in the window")

    log.read = unread  # type: ignore[method-assign,assignment]
    for after, rest in (("", 40), (cursor(claim.key, 30), 10)):
        again = Follower(log, tails, pk, claim.key, after=after, in_thread=sync_to_async)
        read = await again.read()
        assert read[-1].seq == 40
        assert sum(len(entry.data) for entry in read) > rest
        again.close()
    first.close()
