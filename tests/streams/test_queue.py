"""Work that nobody does is found and handed on; a lease is judged by who could have renewed it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError
from django.db.models.functions import Now

from streaming import generations, judge, lease, queue, unreadable
from streaming.models import Generation
from streaming.places import Places
from streaming.prompt import Prompt
from streaming.queue import Queue, in_thread
from streaming.takeover import Taken, take
from tests.log.contract import new_key

pytestmark = pytest.mark.django_db(transaction=True)

HERE = lease.node_name()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "SWEEP_S", 0.02)
    monkeypatch.setattr(queue, "FIRST_SWEEPS_S", 0.02)
    monkeypatch.setattr(judge, "_LEASE_S", 0.3)
    monkeypatch.setattr(judge, "GRACE_S", 0.05)
    monkeypatch.setattr(unreadable, "REST_S", 0.05)


def begun(owner: str) -> Generation:
    return generations.begin(new_key(), Prompt("demo/tour", ()), {}, owner).generation


def orphan() -> Generation:
    generation = begun("elsewhere:1:a")
    late = Now() - timedelta(seconds=1)
    Generation.objects.filter(pk=generation.pk).update(lease_until=late)
    return generation


class Swept:
    """A queue that is swept, and what it handed on."""

    def __init__(self, limit: int = 9) -> None:
        self.taken: dict[int, float] = {}
        self.took = asyncio.Event()
        self.places = Places(HERE, limit, lambda: len(self.taken))
        self.queue = Queue(
            HERE, self.places, goes_on=True, runs=self.taken.__contains__, run=self._run
        )

    def _run(self, taken: Taken) -> None:
        self.taken[taken.claim.generation_id] = time.monotonic()
        self.places.give_back(HERE)
        self.took.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        sweep = asyncio.create_task(self.queue.sweep())
        try:
            yield
        finally:
            self.queue.close()
            await sweep

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.took.clear()
                await self.took.wait()


async def test_it_hands_on_what_waits_and_what_was_left_behind() -> None:
    waiting, left, held = [await in_thread(make) for make in (lambda: begun(""), orphan, _held)]
    swept = Swept()
    async with swept.running():
        await swept.until(lambda: len(swept.taken) == 2)
    assert swept.taken.keys() == {waiting.pk, left.pk}
    assert held.pk not in swept.taken


def _held() -> Generation:
    return begun("elsewhere:1:a")


async def test_it_takes_no_more_than_there_are_places_for() -> None:
    left = [await in_thread(orphan) for _ in range(4)]
    swept = Swept(limit=3)
    async with swept.running():
        await swept.until(lambda: len(swept.taken) == 3)
        await asyncio.sleep(0.1)
    assert list(swept.taken) == [one.pk for one in left[:3]], "the oldest first"
    assert await in_thread(lambda: Generation.objects.get(pk=left[3].pk).lease_owner) != HERE


async def test_a_restart_finds_its_own_at_once() -> None:
    host = HERE.split(":")[0]
    generation = await in_thread(begun, f"{host}:999999999:abcd1234")
    swept = Swept()
    async with swept.running():
        await swept.until(lambda: generation.pk in swept.taken)


@pytest.mark.parametrize("away", ["the database", "this process"])
async def test_who_lives_is_given_time_to_renew(monkeypatch: pytest.MonkeyPatch, away: str) -> None:
    """While the database was away nobody could; and who slept has not seen who did."""
    swept, waiting = Swept(), lease.waiting
    async with swept.running():
        await swept.queue.swept.wait()
        if away == "the database":
            failed = asyncio.Event()
            loop = asyncio.get_running_loop()

            def refuse() -> Any:
                loop.call_soon(failed.set)
                raise OperationalError("it is away")

            monkeypatch.setattr(lease, "waiting", refuse)
            await failed.wait()
            generation = await in_thread(orphan)
            back = time.monotonic()
            monkeypatch.setattr(lease, "waiting", waiting)
        else:
            generation = await in_thread(begun, "elsewhere:1:a")
            soon = Generation.objects.filter(pk=generation.pk)
            await in_thread(lambda: soon.update(lease_until=Now() + timedelta(seconds=0.2)))
            time.sleep(0.5)
            back = time.monotonic()
        await swept.until(lambda: generation.pk in swept.taken)
    assert swept.taken[generation.pk] - back > 0.2


async def test_one_that_cannot_be_taken_does_not_hold_up_the_others_and_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad = await in_thread(orphan)
    await in_thread(lambda: Generation.objects.filter(pk=bad.pk).update(prompt="no prompt"))
    good = await in_thread(orphan)
    swept = Swept()
    async with swept.running():
        await swept.until(lambda: good.pk in swept.taken)
        await in_thread(begun, "")
        await swept.until(lambda: len(swept.taken) == 2)
        while (await in_thread(_again, bad)).is_live:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    ended = await in_thread(_again, bad)
    assert (ended.state, ended.outcome, ended.losses) == ("failed", "internal", 1)
    assert bad.pk not in swept.taken
    assert swept.places.free == 7
    assert caplog.text.count("could not be taken") == 1, "it is said once"


def _again(generation: Generation) -> Generation:
    return Generation.objects.get(pk=generation.pk)


async def test_a_fault_of_one_is_not_taken_for_the_database_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good = await in_thread(orphan), await in_thread(orphan)

    def refuse(generation_id: int, owner: str, *, goes_on: bool) -> Taken | None:
        if generation_id == bad.pk:
            raise DataError("there is something in it that the database does not take")
        return take(generation_id, owner, goes_on=goes_on)

    monkeypatch.setattr(queue, "take", refuse)
    swept = Swept()
    async with swept.running():
        await swept.until(lambda: good.pk in swept.taken)
