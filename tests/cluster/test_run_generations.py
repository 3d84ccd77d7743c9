"""``manage.py run_generations``: a worker says what it does, and ends in order."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.api.sites import founded
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

from .cluster import Cluster


@pytest.fixture
def worker() -> Iterator[Site]:
    """One on a SQLite database of its own."""
    with TemporaryDirectory(prefix="unbroken-worker-") as name:
        shutil.copytree(founded()[0], name, dirs_exist_ok=True)
        environment = {
            "MAX_GENERATIONS": "7",
            "RUN_GENERATIONS": "false",
            "DEMO_TOKENS_PER_SECOND": "5",
        }
        site = Site(Path(name), environment, "worker")
        site.start()
        try:
            yield site
        finally:
            site.kill()


def test_it_says_what_it_does_and_ends_with_0(worker: Site) -> None:
    assert "Unbroken runs up to 7 generations from SQLite · bell: local" in worker.complaints
    assert worker.stop() == 0


QUEUE = """
from uuid import uuid4
from streaming import generations
from streaming.parts import Part
from streaming.prompt import Prompt, Turn
turn = Turn("user", (Part("text", "hi"),))
generations.begin(uuid4(), Prompt("demo/tour", (turn,)), {}, owner="")
"""


def test_a_second_signal_ends_it_at_once(worker: Site) -> None:
    """Whatever it waits for: here, for a place in the database to hand over what it runs."""
    process = worker.process
    assert process is not None
    worker.manage("shell", "--no-imports", "-c", QUEUE)
    with closing(sqlite3.connect(worker.data_dir / "unbroken.sqlite3", timeout=30)) as line:
        line.isolation_level = None
        while line.execute("SELECT count(*) FROM streaming_logentry").fetchone() < (3,):
            time.sleep(0.02)
        line.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
    worker.process = None


def test_it_hands_over_what_it_runs(on_postgres: Cluster, simulator: Simulator) -> None:
    alice, _ = on_postgres.person()
    script = Script(id=uuid4().hex, tokens=150, tps=50)
    asked = alice.ask(alice.conversation(), f"hi {script}")
    reader = Reader()
    for frame in asked.frames():
        reader.take(frame)
        if reader.text:
            break
    worker = owner(on_postgres, asked.message_id)
    try:
        assert worker.stop() == 0
    finally:
        worker.start()
    asked.into(reader)
    assert reader.text == script.text()
    assert [frame.event for frame in reader.frames].count("started") == 2
    assert len(simulator.calls(script=script.id)) == 2


def owner(many: Cluster, message_id: str) -> Site:
    """The worker that runs it."""
    with psycopg.connect(many.webs[0].environment["DATABASE_URL"]) as line:
        found = line.execute(
            "SELECT lease_owner FROM streaming_generation WHERE key = %s", [UUID(message_id)]
        ).fetchone()
    assert found is not None
    pid = int(str(found[0]).split(":")[1])
    return next(one for one in many.workers if one.process and one.process.pid == pid)
