"""While the database is away little is kept in memory: who writes waits, each and all together."""

from __future__ import annotations

import time
import uuid

import psutil

from streaming.events import Delta
from streaming.log.base import MAX_BACKLOG, Claim
from streaming.log.database import MAX_BACKLOGS, DatabaseLog
from tests.api.sites import people, site_with
from tests.simulator import Script, Simulator

from .faults import full

#: What so many answers may cost that come as fast as they can.
ANSWERS, COST = 8, 48 * 1024 * 1024


def filled(log: DatabaseLog, claims: list[Claim], text: str) -> int:
    """What waits when every writer has been told to wait."""
    behind: set[int] = set()
    while len(behind) < len(claims):
        for claim in claims:
            if log.is_behind(claim):
                behind.add(claim.generation_id)
            else:
                log.append(claim, [Delta(0, text)] * 50)
    return sum(log.backlog(claim) for claim in claims)


def test_each_has_a_share_of_what_may_wait() -> None:
    log = DatabaseLog("nobody:1:x")  # not started: nothing is ever committed
    (alone,) = claims = [Claim(1, uuid.uuid4(), 1)]
    assert MAX_BACKLOG < filled(log, claims, "x" * 1000) < 1.2 * MAX_BACKLOG
    claims += [Claim(number, uuid.uuid4(), 1) for number in range(2, 301)]
    assert filled(log, claims, "x" * 1000) < 1.4 * MAX_BACKLOGS
    assert log.is_behind(alone)


def test_what_comes_fast_costs_little_while_it_waits(simulator: Simulator) -> None:
    with site_with(simulator, MALLOC_ARENA_MAX="1") as site:
        (alice,) = people(site)
        warm = alice.answered(alice.conversation(), f"hi {Script(tokens=20_000)}")
        assert site.process is not None
        process = psutil.Process(site.process.pid)
        scripts = [Script(id=f"fast {n}", fault="endless", tps=3_000) for n in range(ANSWERS)]
        streams = [alice.ask(alice.conversation(), f"hi {script}") for script in scripts]
        before = process.memory_info().rss
        with full(site):
            time.sleep(6)
            grown = process.memory_info().rss - before
        print(f"{grown / 2**20:.1f} MiB for {ANSWERS} answers at 3,000 tokens a second")
        assert grown < COST
        for stream in streams:
            assert alice.stop(stream.message_id).status == 200
            stream.close()
        assert alice.message(warm)["status"] == "done"
