"""A follower reads a log from its own cursor: history, then live, each event once, in order."""

from __future__ import annotations

import asyncio
import random
from itertools import count

import pytest
from asgiref.sync import sync_to_async

from streaming.accounts import Timings, Usage
from streaming.cursors import cursor
from streaming.events import Delta, Done, Event, PartOpened, Snapshot, Started
from streaming.fold import Fold
from streaming.follower import Follower
from streaming.log.base import SLICE, Claim, Entry, Watcher
from streaming.log.memory import MemoryLog
from streaming.parts import Part
from streaming.tails import WINDOW, Tails
from tests.log.contract import new_key

OPENING: list[Event] = [Started("demo/tour"), PartOpened(0, Part("text"))]
END = Done("stop", Usage(), Timings())
numbers = count(1)


class World(Watcher):
    """A memory log whose commits reach the tails, as a runner does it."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.log.watcher = self
        self.tails = Tails()
        self.claim = Claim(next(numbers), new_key(), epoch=1)

    def committed(self, claim: Claim, entries: list[Entry]) -> None:
        self.tails.extend(claim.generation_id, entries)

    async def write(self, *events: Event) -> None:
        self.log.append(self.claim, events)
        await self.log.flushed(self.claim)

    def follower(self, after: str = "") -> Follower:
        claim = self.claim
        return Follower(
            self.log,
            self.tails,
            claim.generation_id,
            claim.key,
            after=after,
            in_thread=sync_to_async,
        )

    def at(self, seq: int) -> str:
        return cursor(self.claim.key, seq)


@pytest.fixture
def world() -> World:
    return World()


async def read_all(follower: Follower) -> Fold:
    fold = Fold()
    while not follower.ended:
        for entry in await follower.read():
            fold.apply(entry.event)
    follower.close()
    return fold


async def test_it_reads_history_and_then_live(world: World) -> None:
    await world.write(*OPENING, Delta(0, "one "))
    reading = asyncio.create_task(read_all(world.follower()))
    await asyncio.sleep(0)
    await world.write(Delta(0, "two "))
    await world.write(Delta(0, "three"), END)
    fold = await reading
    assert fold.parts[0].text == "one two three"
    assert fold.terminal == END


async def test_it_goes_on_from_a_cursor(world: World) -> None:
    await world.write(*OPENING, Delta(0, "one "))
    seq = world.claim.seq
    await world.write(Delta(0, "two "), END)
    follower = world.follower(world.at(seq))
    entries = await follower.read()
    assert [entry.event for entry in entries] == [Delta(0, "two "), END]
    follower.close()


@pytest.mark.parametrize("seed", range(25))
async def test_any_cuts_and_any_timing_give_the_whole_once(world: World, seed: int) -> None:
    dice = random.Random(seed)
    expected = ""

    async def write() -> None:
        nonlocal expected
        await world.write(*OPENING)
        for number in range(WINDOW * 3):
            expected += f"{number} "
            await world.write(Delta(0, f"{number} "))
            if dice.random() < 0.3:
                await asyncio.sleep(0)
        await world.write(END)

    writing = asyncio.create_task(write())
    fold, after = Fold(), ""
    while fold.terminal is None:
        follower = world.follower(after)
        for _ in range(dice.randint(1, 12)):
            for entry in await follower.read():
                fold.apply(entry.event)
                after = world.at(entry.seq)
            if follower.ended:
                break
            for _ in range(dice.choice([0, 0, 1, 200])):
                await asyncio.sleep(0)
        follower.close()
    await writing
    assert fold.parts[0].text == expected


@pytest.mark.parametrize("after", ["nonsense", "0123456789ab-1", "💥"])
async def test_a_strange_cursor_gets_a_snapshot(world: World, after: str) -> None:
    await world.write(*OPENING, Delta(0, "so far"))
    follower = world.follower(after)
    (entry,) = await follower.read()
    assert entry.event == Snapshot((Part("text", "so far"),), "running")
    assert world.at(entry.seq) == world.at(world.claim.seq)
    await world.write(Delta(0, " and on"), END)
    assert [e.event for e in await follower.read()] == [Delta(0, " and on"), END]
    follower.close()


async def test_a_cursor_from_the_future_gets_a_snapshot(world: World) -> None:
    await world.write(*OPENING, END)
    follower = world.follower(world.at(99))
    (entry,) = await follower.read()
    assert isinstance(entry.event, Snapshot)
    assert [e.event for e in await follower.read()] == [END]
    follower.close()


async def test_a_large_answer_comes_as_an_empty_snapshot_and_the_whole_log(world: World) -> None:
    await world.write(*OPENING)
    for _ in range(4):
        await world.write(Delta(0, "x" * SLICE))
    await world.write(END)
    follower = world.follower("nonsense")
    (first,) = await follower.read()
    assert first.event == Snapshot((), "running")
    assert world.at(first.seq) == world.at(0)
    fold = await read_all(follower)
    assert fold.parts[0].text == "x" * SLICE * 4


async def test_a_nudge_ends_the_wait_with_nothing(world: World) -> None:
    await world.write(*OPENING)
    follower = world.follower()
    assert [entry.event for entry in await follower.read()] == OPENING
    waiting = asyncio.create_task(follower.read())
    while not waiting.done():
        await asyncio.sleep(0)
        follower.nudge()
    assert await waiting == []
    follower.close()


async def test_a_log_that_goes_away_ends_it(world: World) -> None:
    await world.write(*OPENING)
    follower = world.follower()
    reading = asyncio.create_task(read_until_gone(follower))
    await asyncio.sleep(0)
    world.tails.end(world.claim.generation_id)
    await asyncio.wait_for(reading, 10)


async def read_until_gone(follower: Follower) -> None:
    while not follower.gone:
        await follower.read()
    follower.close()


async def test_closing_twice_is_harmless_and_leaves_no_tail(world: World) -> None:
    follower = world.follower()
    follower.close()
    follower.close()
    assert len(world.tails) == 0
