"""What other processes wrote is found, however it came about, and whatever became of it."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async

from streaming import generations, lease
from streaming.events import Delta, PartOpened, Started
from streaming.follower import Follower
from streaming.log.base import Claim, Entry
from streaming.log.behind import ENTRIES, LOGS, read_behind
from streaming.log.database import DatabaseLog
from streaming.log.rows import insert, rows_of
from streaming.models import Generation, LogEntry
from streaming.parts import Part
from streaming.prompt import Prompt
from streaming.tails import Tails
from tests.log.contract import END, new_key

pytestmark = pytest.mark.django_db(transaction=True)


def written(count: int) -> Claim:
    """The claim on a generation that another process has written so many entries of."""
    generation = generations.begin(new_key(), Prompt("demo/tour", ()), {}, owner="").generation
    claim = lease.claim(generation.pk, "there:1:abc")
    assert claim is not None
    write(claim, count)
    return claim


def write(claim: Claim, count: int) -> None:
    events = [Started("demo/tour"), PartOpened(0, Part("text")), *[Delta(0, "x")] * 500]
    new = [Entry.of(seq, events[seq - 1]) for seq in range(claim.seq + 1, claim.seq + count + 1)]
    insert(rows_of(claim, new))
    claim.seq += count


def finish(claim: Claim) -> None:
    claim.seq += 1
    insert(rows_of(claim, [Entry.of(claim.seq, END)]))
    Generation.objects.filter(pk=claim.generation_id).update(state="done", last_seq=claim.seq)


def test_it_finds_what_is_new_in_many_logs_at_once() -> None:
    claims = [written(3 + number % 2) for number in range(LOGS + 5)]
    behind = read_behind({claim.generation_id: 3 for claim in claims})
    assert {pk: [entry.seq for entry in news] for pk, news in behind.news.items()} == {
        claim.generation_id: [4] for claim in claims if claim.seq == 4
    }
    assert behind.more == behind.lost == behind.gone == set()


def test_it_finds_a_log_from_its_beginning() -> None:
    claim = written(2)
    (news,) = read_behind({claim.generation_id: 0}).news.values()
    assert [entry.name for entry in news] == ["started", "part"]


def test_it_says_that_there_is_more() -> None:
    claim = written(ENTRIES + 2)
    behind = read_behind({claim.generation_id: 1})
    assert len(behind.news[claim.generation_id]) == ENTRIES
    assert behind.more == {claim.generation_id}


def test_it_says_what_is_gone() -> None:
    waiting, running = written(0), written(3)
    pks = {waiting.generation_id, running.generation_id}
    Generation.objects.filter(pk__in=pks).delete()
    behind = read_behind({waiting.generation_id: 0, running.generation_id: 3})
    assert behind.gone == {waiting.generation_id}
    assert behind.lost == {running.generation_id}


def test_a_log_that_waits_for_its_first_entry_is_not_gone() -> None:
    claim = written(0)
    behind = read_behind({claim.generation_id: 0})
    assert behind.gone == behind.news.keys() == set()


async def test_a_reader_of_a_log_that_was_compacted_meanwhile_comes_to_the_end() -> None:
    """All of it happened while this process did not look."""
    claim = await sync_to_async(written)(5)
    pk = claim.generation_id
    log, tails = DatabaseLog("here:1:abc"), Tails()
    follower = Follower(log, tails, pk, claim.key, in_thread=sync_to_async)
    await follower.read()
    reading = asyncio.create_task(follower.read())
    while not tails.waiting():  # noqa: ASYNC110 - nobody tells when it begins to
        await asyncio.sleep(0.01)

    def meanwhile() -> None:
        write(claim, 3)
        finish(claim)
        generations.compact(pk)

    await sync_to_async(meanwhile)()
    known = tails.behind(lambda pk: False, tails.waiting())
    behind = await sync_to_async(read_behind)(known)
    assert behind.lost == {pk}
    tails.lose(pk)
    assert tails.behind(lambda pk: False, [pk]) == {}
    entries = [*await reading]
    while not follower.ended:
        entries += await follower.read()
    assert entries[0].name == "snapshot"
    assert entries[-1].name == "done"
    assert not await sync_to_async(LogEntry.objects.filter(generation_id=pk, seq=5).exists)()
    follower.close()
