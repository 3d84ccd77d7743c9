"""A call that fails before it said anything is made again, after what the provider asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.client import Reader
from tests.simulator import Script, Simulator

from .sites import MODELS, Somebody

KINDS: dict[str, dict[str, Any]] = {
    "too many, no word when": {"fault": "status", "status": 429},
    "too many, at once": {"fault": "status", "status": 429, "retry_after": "0"},
    "too many, in a second": {"fault": "status", "status": 429, "retry_after": "1"},
    "too many, some time": {"fault": "status", "status": 429, "retry_after": "soon"},
    "broken": {"fault": "status", "status": 500},
    "away": {"fault": "status", "status": 503},
    "overloaded": {"fault": "status", "status": 529},
    "overloaded, inside of the stream": {"fault": "error", "at": 0},
    "hung up": {"fault": "drop"},
}


def read(alice: Somebody, model: str, script: Script) -> Reader:
    return alice.ask(alice.conversation(model=model), f"hi {script}").into(Reader())


def test_it_is_made_again(alice: Somebody, simulator: Simulator) -> None:
    def once(kind: str, model: str) -> None:
        script = Script(id=f"{kind} {model} {alice.username}", times=1, **KINDS[kind])
        reader = read(alice, model, script)
        assert (reader.fold.status, reader.text) == ("done", script.text()), kind
        events = [frame.event for frame in reader.frames]
        assert events[:2] == ["started", "waiting"], kind
        assert events.count("started") == 1, "nothing was seen of the first call"
        assert len(simulator.calls(script=script.id)) == 2

    jobs = [(kind, model) for kind in KINDS for model in MODELS]
    with ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(once, *job) for job in jobs]:
            job.result()


def test_it_ends_in_words_when_a_person_would_not_wait_so_long(
    alice: Somebody, simulator: Simulator
) -> None:
    tomorrow = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    for number, later in enumerate(("1000000000", tomorrow, "300")):
        script = Script(
            id=f"later {number} {alice.username}", fault="status", status=429, retry_after=later
        )
        reader = read(alice, MODELS[number % 2], script)
        assert reader.fold.status == "failed"
        assert reader.fold.terminal is not None
        error = reader.fold.terminal.data()["error"]
        assert error["code"] == "rate_limited"
        assert "Try again" in error["message"]
        assert len(simulator.calls(script=script.id)) == 1
