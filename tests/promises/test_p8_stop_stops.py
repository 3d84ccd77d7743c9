"""P8: a stop closes the upstream call within 500 ms, and nothing is appended after it."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest

from tests.api.database import log
from tests.api.sites import MODELS, Somebody
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

WITHIN_S = 0.5
STOPS = 5

#: What the provider is doing when it is told to stop.
MOMENTS: dict[str, dict[str, Any]] = {
    "in mid-answer": {"fault": "endless", "tps": 200},
    "at full speed": {"fault": "endless"},
    "before the headers": {"fault": "silent"},
    "before the first token": {"first_after": 1_000},
    "while it only pings": {"fault": "pings", "at": 0},
    "while it stalls": {"fault": "stall", "at": 4},
    "after the last token": {"fault": "hang"},
}


def closed_after(simulator: Simulator, script: Script, asked: float) -> float:
    """Seconds from the moment of asking to the upstream call's end."""
    (call,) = simulator.wait_for("client_closed", script=script.id, timeout=20)
    return max(0.0, float(call["ended"]) - asked)


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_closes_the_upstream_call(
    alice: Somebody, site: Site, simulator: Simulator, moment: str
) -> None:
    """With a reader and without; the median decides, so that a busy machine does not."""
    took = []
    for number in range(STOPS):
        conversation = alice.conversation(model=MODELS[number % 2])
        script = Script(id=f"stop {number} {conversation}", **MOMENTS[moment])
        stream = alice.ask(conversation, f"hi {script}")
        simulator.wait_for("open", script=script.id)
        if number % 2:
            stream.close()  # nobody is connected
        if moment == "in mid-answer":
            following = alice.follow(stream.message_id)
            next(frame for frame in following.frames() if frame.event == "delta")
            following.close()
        asked = time.time()
        receipt = alice.stop(stream.message_id).json["receipt"]
        took.append(closed_after(simulator, script, asked))
        reader = alice.resume(stream.message_id, Reader())
        stream.close()
        assert reader.fold.status == "stopped"
        assert reader.fold.terminal is not None
        assert reader.fold.terminal.data()["receipt"] == receipt
        entries = log(site, stream.message_id)
        assert [name for _, name, _ in entries].index("stopped") == len(entries) - 1
    print(f"{moment}: {[round(one * 1000) for one in took]} ms")
    assert statistics.median(took) <= WITHIN_S


def test_nothing_is_appended_after_it(alice: Somebody, site: Site, simulator: Simulator) -> None:
    """Not even when the provider had sent much that was not yet written."""
    ids = []
    for number in range(4):
        script = Script(id=f"after {number} {alice.username}", fault="endless")
        stream = alice.ask(alice.conversation(model=MODELS[number % 2]), f"hi {script}")
        alice.stop(stream.message_id)
        assert stream.into(Reader()).fold.status == "stopped"
        ids.append((stream.message_id, log(site, stream.message_id)))
    alice.answered(alice.conversation(), f"something else {Script(tokens=100, tps=200)}")
    for id, entries in ids:
        assert log(site, id) == entries
        assert entries[-1][1] == "stopped"
