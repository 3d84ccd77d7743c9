"""P6: one writer. A paused process that wakes after its lease writes nothing and hangs up."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest

from tests.api.database import rows, stored_text
from tests.api.sites import MODELS, founded
from tests.client import Reader
from tests.cluster.cluster import Cluster, cluster
from tests.simulator import Script, Simulator
from tests.site import Site


@pytest.fixture(scope="module")
def two(simulator: Simulator) -> Iterator[Cluster]:
    """One web process, two workers, one SQLite database."""
    directory, crowd = founded()
    with TemporaryDirectory(prefix="unbroken-cluster-") as name:
        shutil.copytree(directory, name, dirs_exist_ok=True)
        with cluster(simulator, crowd, webs=1, workers=2, data_dir=Path(name)) as many:
            yield many
            many.assert_sound()


def epochs(site: Site, message: str) -> list[int]:
    """Who wrote the log, entry by entry."""
    query = (
        "SELECT epoch FROM streaming_logentry WHERE generation_id ="
        " (SELECT id FROM streaming_generation WHERE key = ?) ORDER BY seq"
    )
    return [epoch for (epoch,) in rows(site, query, UUID(message).hex)]


def owner(many: Cluster, message: str) -> Site:
    query = "SELECT lease_owner FROM streaming_generation WHERE key = ?"
    ((name,),) = rows(many.webs[0], query, UUID(message).hex)
    pid = int(name.split(":")[1])
    return next(one for one in many.workers if one.process and one.process.pid == pid)


@pytest.mark.parametrize("model", MODELS)
def test_a_process_that_wakes_after_its_lease_writes_nothing(
    two: Cluster, simulator: Simulator, model: str
) -> None:
    (alice,) = two.person()
    slow, fast = {"tps": 30}, {"tps": 60}
    script = Script(id=uuid4().hex, tokens=400, by_call=(slow, fast))
    stream, reader = alice.ask(alice.conversation(model=model), f"hi {script}"), Reader()
    frames = stream.frames()
    while len(reader.text) < 40:
        reader.take(next(frames))
    sleeper = owner(two, stream.message_id)
    assert sleeper.process is not None
    lines = len(sleeper.errors)
    os.kill(sleeper.process.pid, signal.SIGSTOP)
    try:
        while [frame.event for frame in reader.frames].count("started") < 2:
            reader.take(next(frames))
        assert owner(two, stream.message_id) is not sleeper
    finally:
        os.kill(sleeper.process.pid, signal.SIGCONT)
    simulator.wait_for("client_closed", script=script.id)
    for frame in frames:
        reader.take(frame)
    assert reader.fold.status == "done"
    assert reader.text == script.text() == stored_text(two.webs[0], stream.message_id)
    written = epochs(two.webs[0], stream.message_id)
    assert written == sorted(written)
    assert set(written) == {1, 2}
    said = [line for line in sleeper.errors[lines:] if "taken over" in line]
    assert len(said) == 1, "it says so once"
    states = sorted(call["state"] for call in simulator.calls(script=script.id))
    assert states == ["client_closed", "complete"]
