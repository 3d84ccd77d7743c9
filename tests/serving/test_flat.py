"""Answers leave nothing behind: no thread, task, connection, descriptor or memory."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.api.sites import MODELS, Somebody, people, site_with
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

#: `ANSWERS=2000 pytest tests/serving/test_flat.py` is the size of the release run.
ANSWERS = int(os.environ.get("ANSWERS", "240"))
WARM_UP = 160
#: As many connections to the provider may be kept open, for the next answers.
AT_ONCE = 8
#: Pools may have grown by so many since the warm-up; how many there are in all is bounded.
SPARE = 3
#: A connection of sqlite3 forgets its dead cursors by the two hundred.
MAY_GROW = {"ReferenceType": 200 * 10}
#: What an answer may leave in memory: pages of the database's cache, and the allocator's holes.
BYTES_EACH, BYTES = 2_000, 6 * 1024 * 1024


@dataclass
class Census:
    threads: int
    descriptors: int
    rss: int
    tasks: int
    connections: int
    kinds: dict[str, int]


@pytest.fixture(params=["daphne", "uvicorn"])
def site(request: pytest.FixtureRequest, simulator: Simulator, tmp_path: Path) -> Iterator[Site]:
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.serving.census.settings",
        "CENSUS": str(tmp_path / "census"),
        "MALLOC_ARENA_MAX": "2",
    }
    with site_with(simulator, request.param, **settings) as site:
        yield site


def census(site: Site) -> Census:
    """When nothing has moved any more for a moment."""
    before = None
    while (found := _count(site)) is None or before != (found.tasks, found.descriptors):
        before = found and (found.tasks, found.descriptors)
        time.sleep(0.7)
    return found


def _count(site: Site) -> Census | None:
    assert site.process is not None
    path = Path(site.environment["CENSUS"])
    path.unlink(missing_ok=True)
    site.process.send_signal(signal.SIGUSR2)
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    counted: dict[str, Any] = json.loads(path.read_text())
    process = psutil.Process(site.process.pid)
    return Census(process.num_threads(), process.num_fds(), process.memory_info().rss, **counted)


def answer(alice: Somebody, number: int) -> None:
    """One as people get them: read to the end, cut off and come back to, or never read."""
    script = Script(tokens=40, alphabet="hostile", seed=number % 10)
    stream = alice.ask(alice.conversation(model=MODELS[number % 2]), f"hi {script}")
    match number % 3:
        case 0:
            assert stream.into(Reader()).text == script.text()
        case 1:
            reader = stream.into(Reader(), cut_after=500)
            stream.close()
            assert alice.resume(stream.message_id, reader).text == script.text()
        case _:
            stream.close()
            assert alice.resume(stream.message_id, Reader()).text == script.text()


def test_what_answers_leave_behind(site: Site) -> None:
    (alice,) = people(site)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: answer(alice, number), range(WARM_UP)))
        before = census(site)
        list(pool.map(lambda number: answer(alice, number), range(ANSWERS)))
        after = census(site)
    grown = {
        kind: (before.kinds.get(kind, 0), count)
        for kind, count in after.kinds.items()
        if count > before.kinds.get(kind, 0) + max(ANSWERS / 2, MAY_GROW.get(kind, 0))
    }
    print(
        f"{site.server}, {ANSWERS} answers: threads {before.threads} -> {after.threads},"
        f" tasks {before.tasks} -> {after.tasks},"
        f" descriptors {before.descriptors} -> {after.descriptors},"
        f" connections {before.connections} -> {after.connections},"
        f" memory {before.rss / 2**20:.1f} -> {after.rss / 2**20:.1f} MiB"
    )
    assert grown == {}
    assert after.threads <= before.threads + SPARE
    assert after.tasks <= before.tasks
    assert after.descriptors <= before.descriptors + AT_ONCE
    assert after.connections <= before.connections + SPARE
    assert after.rss - before.rss <= BYTES + ANSWERS * BYTES_EACH
