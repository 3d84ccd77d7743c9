"""Compaction makes a finished log small; what it tells, and where it ends, stays the same."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from streaming import generations
from streaming.events import Delta, Event, PartOpened
from streaming.fold import Fold, fold
from streaming.follower import Follower
from streaming.log.base import SLICE, Entry, merge_entries
from streaming.log.database import DatabaseLog
from streaming.models import Generation, LogEntry
from streaming.parts import Part
from streaming.tails import Tails

from .contract import END, OPENING
from .test_database_log import queued

STORY: list[Event] = [
    *OPENING,
    *(Delta(0, f"{number} ") for number in range(50)),
    PartOpened(1, Part("reasoning")),
    *(Delta(1, f"{number} ") for number in range(50)),
    *(Delta(0, "back ") for _ in range(3)),
    END,
]

LONG: list[Event] = [*OPENING, *(Delta(0, f"{number:09} ") for number in range(10_000)), END]


def written(story: list[Event]) -> int:
    generation = queued()
    for seq, event in enumerate(story, 1):
        LogEntry.objects.create(
            generation=generation, seq=seq, epoch=1, name=event.name, data=event.json()
        )
    return generation.pk


@pytest.mark.django_db
def test_it_tells_the_same_story_in_fewer_entries() -> None:
    pk = written(STORY)
    before = generations.story(pk)
    generations.compact(pk)
    after = generations.story(pk)
    assert len(after) == 7
    assert after[-1] == before[-1]
    assert {entry.seq for entry in after} <= {entry.seq for entry in before}
    assert fold(e.event for e in after).parts == fold(e.event for e in before).parts


@pytest.mark.django_db
def test_doing_it_again_changes_nothing() -> None:
    pk = written(STORY)
    generations.compact(pk)
    once = generations.story(pk)
    generations.compact(pk)
    assert generations.story(pk) == once


def test_a_merged_entry_stays_small_enough_to_hand_to_a_slow_reader() -> None:
    entries = [Entry.of(seq, Delta(0, "x" * 1000)) for seq in range(1, 200)]
    merged = merge_entries(entries)
    assert 1 < len(merged) < 20
    assert max(len(entry.data) for entry in merged) < SLICE + 2000
    assert "".join(e.event.text for e in merged if isinstance(e.event, Delta)) == "x" * 199_000


@pytest.mark.django_db(transaction=True)
async def test_a_reader_in_the_middle_loses_and_repeats_nothing() -> None:
    pk = await sync_to_async(written)(LONG)
    generation = await Generation.objects.aget(pk=pk)
    log = DatabaseLog("here:1:abc")
    follower = Follower(log, Tails(), pk, generation.key, in_thread=sync_to_async)
    state = Fold()
    for entry in await follower.read():
        state.apply(entry.event)
    assert 0 < len(state.parts[0].text) < 100_000
    await sync_to_async(generations.compact)(pk)
    while not follower.ended:
        for entry in await follower.read():
            state.apply(entry.event)
    follower.close()
    assert state.parts == fold(LONG).parts
