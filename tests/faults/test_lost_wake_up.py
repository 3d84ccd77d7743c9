"""Nobody waits for what is there: whoever reads it first, and whenever it was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from streaming.accounts import Timings, Usage
from streaming.events import Done, PartOpened, Started
from streaming.follower import Follower
from streaming.log.base import Claim, Entry, Watcher
from streaming.log.memory import MemoryLog
from streaming.parts import Part
from streaming.tails import Tails
from tests.log.contract import new_key

END = Done("stop", Usage(), Timings())


class World(Watcher):
    """A log whose end is written while somebody reads that there is nothing new."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.log.watcher = self
        self.tails = Tails()
        self.claim = Claim(1, new_key(), epoch=1)

    def committed(self, claim: Claim, entries: list[Entry]) -> None:
        self.tails.extend(claim.generation_id, entries)

    def in_thread(self, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any) -> Any:
            found = function(*arguments)
            if found == []:
                self.log.append(self.claim, [END])
                await self.log.flushed(self.claim)
            return found

        return call


async def test_what_came_during_a_read_is_not_waited_for() -> None:
    world = World()
    world.log.append(world.claim, [Started("demo/tour"), PartOpened(0, Part("text"))])
    await world.log.flushed(world.claim)
    follower = Follower(world.log, world.tails, 1, world.claim.key, in_thread=world.in_thread)
    assert [entry.name for entry in await follower.read()] == ["started", "part"]
    async with asyncio.timeout(5):
        assert [entry.name for entry in await follower.read()] == ["done"]
    follower.close()


async def test_what_another_reader_found_in_the_log_is_not_waited_for() -> None:
    """Written by another process: no bell rang, and who came later read it off the log."""
    world = World()
    world.log.watcher = Watcher()  # nobody here is told of commits
    world.log.append(world.claim, [Started("demo/tour")])
    await world.log.flushed(world.claim)
    first, second = (
        Follower(world.log, world.tails, 1, world.claim.key, in_thread=sync_to_async)
        for _ in range(2)
    )
    await first.read()
    waiting = asyncio.create_task(first.read())
    await asyncio.sleep(0.05)
    world.log.append(world.claim, [END])
    await world.log.flushed(world.claim)
    while not second.ended:
        await second.read()
    async with asyncio.timeout(5):
        assert [entry.name for entry in await waiting] == ["done"]
    first.close()
    second.close()
