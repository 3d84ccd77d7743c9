"""More questions than places: the rest wait, visibly, and can be stopped while they do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

from .sites import Somebody, people, site_with


@pytest.fixture(scope="module")
def narrow(simulator: Simulator) -> Iterator[Site]:
    """A site with one place."""
    with site_with(simulator, MAX_GENERATIONS="1") as site:
        yield site


@pytest.fixture
def alice(narrow: Site) -> Somebody:
    return people(narrow)[0]


def busy(alice: Somebody) -> Script:
    return Script(id=f"busy {alice.conversation()}", fault="endless", tps=100)


def test_it_lets_one_wait_and_runs_it_later(alice: Somebody, simulator: Simulator) -> None:
    first = alice.ask(alice.conversation(), f"hi {busy(alice)}")
    conversation = alice.conversation()
    script = Script(id=f"waits {conversation}", tokens=30)
    second = alice.ask(conversation, f"hi {script}")
    assert second.response.read1(1) == b":"
    queued = alice.message(second.message_id)
    assert (queued["status"], queued["parts"], queued["usage"]) == ("queued", [], None)
    other = alice.follow(second.message_id, queued["cursor"])
    strange = alice.follow(second.message_id, "nonsense")
    assert simulator.calls(script=script.id) == []
    alice.stop(first.message_id)
    reader = second.into(Reader())
    assert reader.text == script.text()
    assert other.into(Reader()).text == script.text()
    assert strange.into(Reader()).text == script.text()
    assert first.into(Reader()).fold.status == "stopped"
    message = alice.message(second.message_id)
    assert message["status"] == "done"
    assert message["timings"]["queued_ms"] > 0
    assert message["timings"]["queued_ms"] <= message["timings"]["first_token_ms"]


def test_it_keeps_their_order(alice: Somebody, simulator: Simulator) -> None:
    first = alice.ask(alice.conversation(), f"hi {busy(alice)}")
    waiting, scripts = [], []
    for _ in range(4):
        conversation = alice.conversation()
        scripts.append(Script(id=f"waits {conversation}", tokens=3))
        waiting.append(alice.ask(conversation, f"hi {scripts[-1]}"))
    alice.stop(first.message_id)
    for stream, script in zip((first, *waiting), (Script(), *scripts), strict=True):
        reader = stream.into(Reader())
        assert reader.ended
        assert stream is first or reader.text == script.text()
    started = [simulator.calls(script=script.id)[0]["number"] for script in scripts]
    assert started == sorted(started)


def test_it_stops_one_that_waits(alice: Somebody, simulator: Simulator) -> None:
    first = alice.ask(alice.conversation(), f"hi {busy(alice)}")
    conversation = alice.conversation()
    script = Script(id=f"never {conversation}")
    second = alice.ask(conversation, f"hi {script}")
    receipt = alice.stop(second.message_id).json["receipt"]
    reader = second.into(Reader())
    assert (reader.fold.status, reader.text) == ("stopped", "")
    assert reader.fold.terminal is not None
    assert reader.fold.terminal.data()["receipt"] == receipt
    assert alice.message(second.message_id)["status"] == "stopped"
    path = f"/api/v1/messages/{second.message_id}/events?after={reader.cursor}"
    assert alice.call("GET", path).status == 204
    alice.stop(first.message_id)
    first.into(Reader())
    assert simulator.calls(script=script.id) == []


def test_it_takes_one_answer_at_a_time_on_a_leaf_that_waits_too(alice: Somebody) -> None:
    first = alice.ask(alice.conversation(), f"hi {busy(alice)}")
    conversation = alice.conversation()
    second = alice.ask(conversation, "hi", {"Idempotency-Key": "k"})
    path = f"/api/v1/conversations/{conversation}/messages"
    assert alice.call("POST", path, {"text": "more"}).status == 409
    joined = alice.ask(conversation, "hi", {"Idempotency-Key": "k"})
    assert joined.message_id == second.message_id
    alice.stop(first.message_id)
    assert first.into(Reader()).ended
    assert second.into(Reader()).text == joined.into(Reader()).text
