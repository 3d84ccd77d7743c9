"""The contract that every log keeps."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from uuid_utils.compat import uuid7

from streaming.accounts import Timings, Usage
from streaming.events import Delta, Done, Event, PartOpened, Started
from streaming.fold import fold
from streaming.log.base import Claim, Entry, Fenced, Log, Merged, Story, Watcher
from streaming.parts import Part

END = Done("stop", Usage(3, 4), Timings(1, 2, 3, 4.0))
OPENING: list[Event] = [Started("demo/tour"), PartOpened(0, Part("text"))]


class Witness(Watcher):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Entry] = []
        self.lost: list[Claim] = []
        self.lost_one = asyncio.Event()
        self.stops: list[tuple[Claim, UUID]] = []

    def committed(self, claim: Claim, entries: list[Entry]) -> None:
        self.told.extend(entries)

    def fenced(self, claim: Claim) -> None:
        self.lost.append(claim)
        self.lost_one.set()

    def stop_requested(self, claim: Claim, receipt: UUID) -> None:
        self.stops.append((claim, receipt))


class LogContract(abc.ABC):
    @abc.abstractmethod
    def make(self) -> Log: ...

    @abc.abstractmethod
    async def claim(self, key: UUID | None = None) -> Claim:
        """The claim on a new generation."""

    @abc.abstractmethod
    async def take_over(self, claim: Claim) -> Claim:
        """Somebody else claims it."""

    @pytest.fixture
    async def log(self) -> AsyncIterator[Log]:
        log = self.make()
        log.watcher = Witness()
        await log.start()
        yield log
        await log.stop()

    async def read(self, log: Log, claim: Claim, after: int = 0) -> list[Entry]:
        return await sync_to_async(lambda: list(Story(log, claim.generation_id, after)))()

    async def test_it_tells_what_is_durable_and_only_then(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, OPENING)
        assert isinstance(log.watcher, Witness)
        assert log.watcher.told == []
        await log.flushed(claim)
        assert log.watcher.told == await self.read(log, claim)
        assert [entry.event for entry in log.watcher.told] == OPENING

    async def test_it_numbers_entries_without_gaps(self, log: Log) -> None:
        claim = await self.claim()
        for text in "abcdefghij":
            log.append(claim, [PartOpened(0, Part("text")), Delta(0, text)])
            if text in "cf":
                await log.flushed(claim)
        await log.flushed(claim)
        entries = await self.read(log, claim)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert claim.seq == len(entries)

    async def test_it_merges_what_waits_and_loses_nothing(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, OPENING)
        for number in range(500):
            log.append(claim, [Delta(0, f"{number} ")])
            if number % 50 == 0:
                await asyncio.sleep(0)
        log.append(claim, [END])
        await log.flushed(claim)
        entries = await self.read(log, claim)
        state = fold(entry.event for entry in entries)
        assert state.parts[0].text == "".join(f"{number} " for number in range(500))
        assert state.terminal == END
        assert len(entries) < 500

    async def test_it_keeps_generations_apart(self, log: Log) -> None:
        claims = [await self.claim() for _ in range(5)]
        for number, claim in enumerate(claims):
            log.append(claim, [*OPENING, Delta(0, str(number))])
        for number, claim in enumerate(claims):
            await log.flushed(claim)
            entries = await self.read(log, claim)
            assert fold(entry.event for entry in entries).parts[0].text == str(number)

    async def test_it_reads_from_any_place(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, [*OPENING, Delta(0, "x")])
        await log.flushed(claim)
        whole = await self.read(log, claim)
        for after in range(len(whole) + 1):
            assert await self.read(log, claim, after) == whole[after:]

    async def test_it_refuses_to_read_from_a_place_that_is_not_there(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, OPENING)
        await log.flushed(claim)
        for after in (3, 4, 99):
            with pytest.raises(Merged):
                await self.read(log, claim, after)

    async def test_a_read_is_no_larger_than_it_must_be(self, log: Log) -> None:
        claim = await self.claim()
        for _ in range(4):
            log.append(claim, [PartOpened(0, Part("text")), Delta(0, "x" * 1000)])
            await log.flushed(claim)
        some = await sync_to_async(log.read)(claim.generation_id, 0, 1500)
        assert 1 <= len(some) < 8

    async def test_whoever_lost_the_claim_writes_nothing(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, OPENING)
        await log.flushed(claim)
        before = await self.read(log, claim)
        heir = await self.take_over(claim)
        log.append(claim, [Delta(0, "too late")])
        with pytest.raises(Fenced):
            await log.flushed(claim)
        assert await self.read(log, claim) == before
        assert isinstance(log.watcher, Witness)
        assert log.watcher.lost == [claim]
        log.append(heir, [Delta(0, "in time")])
        await log.flushed(heir)
        assert (await self.read(log, heir))[-1].event == Delta(0, "in time")

    async def test_flushing_nothing_returns(self, log: Log) -> None:
        await log.flushed(await self.claim())

    async def test_the_backlog_grows_and_goes(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, [*OPENING, Delta(0, "x" * 1000)])
        assert log.backlog(claim) >= 1000
        await log.flushed(claim)
        assert log.backlog(claim) == 0

    async def test_hostile_text_comes_back_as_it_was(self, log: Log) -> None:
        claim = await self.claim()
        text = '\0\r\n\u2028\ufeff data: x\n\n👩‍👩‍👧‍👦 {}[]\\" \U0010ffff'
        log.append(claim, [*OPENING, Delta(0, text)])
        await log.flushed(claim)
        assert (await self.read(log, claim))[-1].event == Delta(0, text)


def new_key() -> UUID:
    return uuid7()
