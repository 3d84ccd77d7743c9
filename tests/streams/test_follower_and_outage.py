"""A reader waits for a storage that does not answer, and is not lost meanwhile."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from streaming import follower as followers
from streaming.events import Delta, Event
from streaming.follower import Follower
from streaming.log.base import SLICE, Claim, Entry, Unavailable, Watcher
from streaming.log.memory import MemoryLog
from streaming.tails import Tails
from tests.log.contract import END, OPENING, new_key

STORY: list[Event] = [*OPENING, Delta(0, "one "), Delta(0, "two"), END]


class Away(MemoryLog):
    """Refuses a number of reads, and lets each wait until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 0
        self.asked, self.door = threading.Event(), threading.Event()
        self.reads = 0

    def read(self, generation_id: int, after: int, limit: int = SLICE) -> list[Entry]:
        self.reads += 1
        self.asked.set()
        self.door.wait(20)
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("gone fishing")
        return super().read(generation_id, after, limit)


async def told(log: Away, key: UUID) -> Claim:
    claim = Claim(1, key, 1)
    log.append(claim, STORY)
    await log.flushed(claim)
    return claim


def reader(log: Away, key: UUID) -> Follower:
    log.watcher = Watcher()
    return Follower(log, Tails(), 1, key, in_thread=sync_to_async)


async def everything(follower: Follower) -> str:
    text = ""
    while not follower.ended:
        for entry in await follower.read():
            text += entry.event.text if isinstance(entry.event, Delta) else ""
    follower.close()
    return text


async def test_it_asks_again_until_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    log, key = Away(), new_key()
    await told(log, key)
    log.door.set()
    log.refusals = 2
    monkeypatch.setattr(followers, "REST_S", (0.01, 0.02))
    assert await everything(reader(log, key)) == "one two"
    assert log.refusals == 0


async def test_a_nudge_comes_through_while_a_read_hangs() -> None:
    log, key = Away(), new_key()
    await told(log, key)
    follower = reader(log, key)
    for _ in range(3):
        asyncio.get_running_loop().call_later(0.05, follower.nudge)
        assert await asyncio.wait_for(follower.read(), 10) == []
    assert log.reads == 1
    log.door.set()
    assert await everything(follower) == "one two"


async def test_who_leaves_while_a_read_hangs_leaves_nothing_behind() -> None:
    log, key = Away(), new_key()
    await told(log, key)
    follower = reader(log, key)
    reading = asyncio.ensure_future(follower.read())
    await asyncio.to_thread(log.asked.wait, 10)
    follower.close()
    assert await asyncio.wait_for(reading, 10) == []
    log.refusals = 1
    log.door.set()
    await asyncio.sleep(0.05)
