"""Who could not say that it lives, since the storage took no writes, is not taken for dead."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from streaming import lease, queue
from streaming.judge import Judge
from streaming.lease import Stalled
from streaming.log.base import Claim
from streaming.models import Generation
from streaming.queue import in_thread
from streaming.takeover import Taken, take

from .test_queue import HERE, Swept, begun, orphan

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = "elsewhere:1:a"


def in_a_thread_of_its_own(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


class Locked:
    """The write lock, in the hands of somebody who takes his time."""

    def __init__(self) -> None:
        self._held, self._over = threading.Event(), threading.Event()
        self._thread = in_a_thread_of_its_own(self._hold)
        assert self._held.wait(5)

    def _hold(self) -> None:
        with transaction.atomic():
            Generation.objects.filter(pk=0).update(epoch=F("epoch"))
            self._held.set()
            self._over.wait(5)

    def let_go(self) -> None:
        self._over.set()
        self._thread.join()


async def test_an_owner_that_waits_for_the_same_lock_keeps_its_answer() -> None:
    generation = await in_thread(begun, ELSEWHERE)
    claim = Claim(generation.pk, generation.key, 1)
    runs_out = Generation.objects.filter(pk=generation.pk)
    await in_thread(lambda: runs_out.update(lease_until=Now()))
    lock = await asyncio.to_thread(Locked)
    renewal = in_a_thread_of_its_own(lambda: lease.renew([claim], ELSEWHERE))
    swept = Swept()
    async with swept.running():
        await asyncio.sleep(lease.STALL_S + 0.3)
        await asyncio.to_thread(lock.let_go)
        await asyncio.to_thread(renewal.join)
        await asyncio.sleep(0.6)
    assert not swept.taken
    assert await in_thread(lambda: runs_out.get().lease_owner) == ELSEWHERE


def test_a_claim_behind_a_long_wait_is_undone() -> None:
    generation = orphan()
    lock = Locked()

    def later() -> None:
        time.sleep(lease.STALL_S + 0.2)
        lock.let_go()

    releasing = in_a_thread_of_its_own(later)
    with pytest.raises(Stalled), lease.unhindered():
        take(generation.pk, HERE, goes_on=True)
    releasing.join()
    generation.refresh_from_db()
    assert generation.lease_owner == ELSEWHERE


def test_one_that_was_handed_over_is_taken_at_once_and_one_that_is_silent_a_little_later() -> None:
    silent, handed = orphan(), begun(ELSEWHERE)
    lease.release([Claim(handed.pk, handed.key, 1)], ELSEWHERE)
    judge = Judge()
    assert judge.look(lambda pk: False) == [handed.pk]
    deadline = time.monotonic() + 5
    while judge.look(lambda pk: False) != [silent.pk, handed.pk]:
        assert time.monotonic() < deadline


def test_all_that_is_handed_over_is_in_one_breath_but_what_is_another_s() -> None:
    ours, lost = [begun(ELSEWHERE) for _ in range(3)], begun("other:1:a")
    claims = [Claim(one.pk, one.key, 1) for one in [*ours, lost]]
    claims[0].epoch = 0
    lease.release(claims, ELSEWHERE)
    free = set(Generation.objects.filter(lease_owner="").values_list("pk", flat=True))
    assert free == {one.pk for one in ours[1:]}


async def test_what_is_being_claimed_at_the_end_is_handed_on_or_let_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generations = [await in_thread(begun, "") for _ in range(2)]
    claiming, go_on = threading.Event(), threading.Event()

    def slow(generation_id: int, owner: str, *, goes_on: bool) -> Taken | None:
        taken = take(generation_id, owner, goes_on=goes_on)
        claiming.set()
        go_on.wait(5)
        return taken

    monkeypatch.setattr(queue, "take", slow)
    swept = Swept()
    async with swept.running():
        await asyncio.to_thread(claiming.wait, 5)
        swept.queue.close()
        closed = asyncio.create_task(swept.queue.closed(5))
        await asyncio.sleep(0)
        assert not closed.done()
        go_on.set()
        await closed
        held = await in_thread(
            lambda: set(Generation.objects.exclude(lease_owner="").values_list("pk", flat=True))
        )
        assert held == swept.taken.keys()
    assert swept.places.free == 9
    assert generations
