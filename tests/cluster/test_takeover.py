"""Workers come and go; who reads an answer gets all of it, once, in one stream."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from uuid import uuid4

import pytest

from tests.api.sites import MODELS
from tests.client import Client, Reader
from tests.simulator import Script, Simulator
from tests.site import Site

from .cluster import Cluster, Crowd, cluster

ANSWERS = 12


@pytest.fixture
def mortals(own_database: tuple[str, Crowd], simulator: Simulator) -> Iterator[Cluster]:
    """PostgreSQL, two web processes that run nothing, two workers."""
    url, crowd = own_database
    with cluster(simulator, crowd, DATABASE_URL=url) as made:
        yield made
        made.assert_sound()


@dataclass
class Watched:
    """One answer, read to its end in the connection that asked for it."""

    script: Script
    reader: Reader = field(default_factory=Reader)
    #: The longest time without a frame of text, in seconds.
    gap: float = 0.0
    message: str = ""
    begun: Event = field(default_factory=Event)

    def read(self, client: Client, model: str) -> None:
        stream = client.ask(client.conversation(model=model), f"hi {self.script}")
        self.message = stream.message_id
        last = time.monotonic()
        for frame in stream.frames():
            self.reader.take(frame)
            if frame.event == "delta":
                now = time.monotonic()
                self.gap, last = max(self.gap, now - last), now
                if len(self.reader.text) > 40:
                    self.begun.set()


def deploy(worker: Site) -> None:
    assert worker.stop() == 0
    worker.start()


def crash(worker: Site) -> None:
    worker.kill()


def pause(worker: Site) -> None:
    """For longer than its lease."""
    assert worker.process is not None
    os.kill(worker.process.pid, signal.SIGSTOP)
    time.sleep(5)  # it is the time itself that is waited for
    os.kill(worker.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("fate", [deploy, crash, pause])
def test_whatever_becomes_of_a_worker_every_answer_is_whole(
    mortals: Cluster, simulator: Simulator, fate: object
) -> None:
    assert callable(fate)
    clients = mortals.person()
    answers = [
        Watched(Script(id=uuid4().hex, tokens=400, seed=n, by_call=({"tps": 30}, {"tps": 60})))
        for n in range(ANSWERS)
    ]
    with ThreadPoolExecutor(ANSWERS) as pool:
        reading = [
            pool.submit(one.read, clients[n % 2], MODELS[n % 2]) for n, one in enumerate(answers)
        ]
        assert all(one.begun.wait(30) for one in answers)
        fate(mortals.workers[0])
        for each in reading:
            each.result()
    runs = [[frame.event for frame in one.reader.frames].count("started") for one in answers]
    for one in answers:
        assert one.reader.fold.status == "done"
        assert one.reader.text == one.script.text()
        message = clients[0].message(one.message)
        assert message["parts"][0]["text"] == one.script.text()
        states = [call["state"] for call in simulator.calls(script=one.script.id)]
        assert states.count("complete") == 1
    gaps = sorted(one.gap for one, count in zip(answers, runs, strict=True) if count > 1)
    assert set(runs) <= {1, 2}
    assert gaps, "the other worker ran them all"
    print(f"{len(gaps)} of {ANSWERS} went on elsewhere; gaps {gaps[0]:.1f} to {gaps[-1]:.1f} s")
