"""The database log keeps the contract, and what only a database can promise."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import uuid
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now

from streaming import generations, lease
from streaming.events import Delta
from streaming.fold import fold
from streaming.log.base import Claim, Fenced, Log
from streaming.log.database import DatabaseLog
from streaming.models import Generation
from streaming.prompt import Prompt
from streaming.queue import in_thread

from .contract import END, OPENING, LogContract, Witness, new_key

OWNER = "here:1:abc"


def queued(key: UUID | None = None) -> Generation:
    prompt = Prompt("demo/tour", ())
    return generations.begin(key or new_key(), prompt, {}, owner="").generation


def claimed(key: UUID | None = None) -> Claim:
    claim = lease.claim(queued(key).pk, OWNER)
    assert claim is not None
    return claim


def taken_over(claim: Claim) -> Claim:
    Generation.objects.filter(pk=claim.generation_id).update(lease_until=None)
    heir = lease.claim(claim.generation_id, "there:2:def")
    assert heir is not None
    return heir


@pytest.mark.django_db(transaction=True)
class TestDatabaseLog(LogContract):
    def make(self) -> Log:
        return DatabaseLog(OWNER)

    async def claim(self, key: UUID | None = None) -> Claim:
        return await in_thread(claimed, key)  # type: ignore[no-any-return]

    async def take_over(self, claim: Claim) -> Claim:
        return await in_thread(taken_over, claim)  # type: ignore[no-any-return]

    async def test_the_terminal_event_closes_the_generation_with_its_account(
        self, log: Log
    ) -> None:
        claim = await self.claim()
        log.append(claim, [*OPENING, Delta(0, "x"), END])
        await log.flushed(claim)
        generation = await Generation.objects.aget(pk=claim.generation_id)
        assert generation.state == "done"
        assert generation.outcome == "stop"
        assert generation.usage == END.usage
        assert generation.timings == END.timings
        assert generation.last_seq == claim.seq
        assert generation.lease_until is None

    async def test_nothing_is_written_after_the_terminal_event(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, [*OPENING, END])
        await log.flushed(claim)
        log.append(claim, [Delta(0, "more")])
        with pytest.raises(Fenced):
            await log.flushed(claim)

    async def test_a_deleted_generation_fences(self, log: Log) -> None:
        claim = await self.claim()
        await Generation.objects.filter(pk=claim.generation_id).adelete()
        log.append(claim, OPENING)
        with pytest.raises(Fenced):
            await log.flushed(claim)

    async def test_it_hears_that_a_stop_was_asked_for(self, log: Log) -> None:
        claim = await self.claim()
        receipt = uuid.uuid4()
        await Generation.objects.filter(pk=claim.generation_id).aupdate(stop_receipt=receipt)
        log.append(claim, OPENING)
        await log.flushed(claim)
        assert isinstance(log.watcher, Witness)
        assert log.watcher.stops == [(claim, receipt)]

    async def test_it_renews_the_leases_that_it_was_told_of(self, log: Log) -> None:
        claim = await self.claim()
        await Generation.objects.filter(pk=claim.generation_id).aupdate(lease_owner="somebody:0:x")
        log.open(claim)
        assert isinstance(log.watcher, Witness)
        await asyncio.wait_for(log.watcher.lost_one.wait(), 10)
        assert log.watcher.lost[0] is claim
        log.close(claim)

    async def test_a_locked_database_delays_and_loses_nothing(self, log: Log) -> None:
        claim = await self.claim()
        log.append(claim, OPENING)
        await log.flushed(claim)
        name = str(connection.settings_dict["NAME"])
        locker = sqlite3.connect(name, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        log.append(claim, [Delta(0, "one ")])
        await asyncio.sleep(0.05)
        log.append(claim, [Delta(0, "two")])
        assert isinstance(log.watcher, Witness)
        assert len(log.watcher.told) == len(OPENING)
        locker.execute("ROLLBACK")
        locker.close()
        await log.flushed(claim)
        entries = await self.read(log, claim)
        assert fold(entry.event for entry in entries).parts[0].text == "one two"

    async def test_under_load_many_share_a_commit(self, log: Log) -> None:
        claims = [await self.claim() for _ in range(10)]
        for claim in claims:
            log.append(claim, OPENING)
        for number in range(200):
            for claim in claims:
                log.append(claim, [Delta(0, f"{number} ")])
            await asyncio.sleep(0)
        for claim in claims:
            await log.flushed(claim)
        assert isinstance(log, DatabaseLog)
        assert log.commits < 200

    async def test_stopping_writes_what_is_there(self) -> None:
        log = self.make()
        log.watcher = Witness()
        await log.start()
        claim = await self.claim()
        log.append(claim, OPENING)
        await log.stop()
        assert [entry.event for entry in await self.read(log, claim)] == OPENING


@pytest.mark.django_db(transaction=True)
async def test_whatever_goes_wrong_with_a_renewal_the_writer_writes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    renewed = threading.Event()

    def break_off(*args: object) -> None:
        renewed.set()
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(lease, "renew", break_off)
    log, claim = DatabaseLog(OWNER), await in_thread(claimed)
    log.open(claim)
    await log.start()
    assert await asyncio.to_thread(renewed.wait, 5)
    log.append(claim, OPENING)
    await log.flushed(claim)
    await log.stop()
    assert "nobody foresaw this" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_taken_generation_is_not_claimed_again() -> None:
    claim = claimed()
    assert lease.claim(claim.generation_id, "there:2:def") is None


@pytest.mark.django_db(transaction=True)
def test_a_claim_raises_the_epoch_and_knows_the_last_entry() -> None:
    begun = generations.begin(new_key(), Prompt("demo/tour", ()), {}, owner=OWNER)
    assert begun.claim is not None
    heir = taken_over(begun.claim)
    assert (heir.epoch, heir.seq) == (begun.claim.epoch + 1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("owner", [f"{lease.node_name().split(':')[0]}:999999999:abcd1234"])
def test_a_dead_process_of_this_host_holds_nothing(owner: str) -> None:
    generation = queued()
    assert lease.claim(generation.pk, owner) is not None
    assert lease.claim(generation.pk, OWNER) is None
    assert lease.free_the_dead(lease.node_name()) == (0, 1), "it renewed its lease just now"
    assert lease.claim(generation.pk, OWNER) is None
    missed = Now() + lease.LATE
    Generation.objects.filter(pk=generation.pk).update(lease_until=missed)
    assert lease.free_the_dead(lease.node_name()) == (1, 0)
    assert lease.claim(generation.pk, OWNER) is not None
    generation.refresh_from_db()
    assert generation.losses == 1
