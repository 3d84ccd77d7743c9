"""A process whose event loop is stuck does not hold what it cannot serve, and says so."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest
from django.db import connection

from streaming import lease
from streaming.log.base import Claim
from streaming.log.database import DatabaseLog
from streaming.queue import in_thread
from streaming.watchdog import BLOCKED_S, DEAD_S, Watchdog
from tests.log.contract import Witness
from tests.log.test_database_log import OWNER, claimed


def heir_of(claim: Claim) -> Claim | None:
    """Who takes over as soon as that is allowed; waits for it, and blocks who waits for this."""
    heirs: list[Claim] = []

    def elsewhere() -> None:
        deadline = time.monotonic() + 30
        while not heirs and time.monotonic() < deadline:
            if (heir := lease.claim(claim.generation_id, "there:2:def")) is not None:
                heirs.append(heir)
            time.sleep(0.05)
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    return heirs[0] if heirs else None


@pytest.mark.django_db(transaction=True)
async def test_it_loses_its_leases_and_hears_of_it(caplog: pytest.LogCaptureFixture) -> None:
    log = DatabaseLog(OWNER)
    log.watcher = witness = Witness()
    await log.start()
    claim: Claim = await in_thread(claimed)
    log.open(claim)
    heir = heir_of(claim)
    assert heir is not None
    assert heir.epoch == claim.epoch + 1
    assert witness.lost == []
    await asyncio.wait_for(witness.lost_one.wait(), 10)
    assert witness.lost[0] is claim
    log.close(claim)
    await log.stop()
    said = [one.getMessage() for one in caplog.records if "blocked" in one.getMessage()]
    assert len(said) == 1
    assert "no lease was renewed" in said[0]


async def test_it_measures_how_late_the_loop_is(caplog: pytest.LogCaptureFixture) -> None:
    came_back: list[bool] = []
    dog = Watchdog(lambda: came_back.append(True))
    dog.start()
    await asyncio.sleep(0.3)
    assert dog.is_alive
    with caplog.at_level(logging.WARNING):
        time.sleep(BLOCKED_S + 0.3)
        await asyncio.sleep(0.01)
    dog.stop()
    assert dog.worst_lag_s > BLOCKED_S
    assert "the event loop was blocked for 0." in caplog.text
    assert came_back == []


async def test_it_is_dead_when_the_loop_has_not_moved_for_half_a_lease() -> None:
    came_back: list[bool] = []
    dog = Watchdog(lambda: came_back.append(True))
    dog.start()
    lives = [dog.is_alive]
    time.sleep(DEAD_S + 0.1)
    lives.append(dog.is_alive)
    await asyncio.sleep(0.2)
    lives.append(dog.is_alive)
    assert lives == [True, False, True]
    assert came_back == [True]
    dog.stop()
