"""P16: after any crash the server serves again, and what ran is ended honestly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.api.database import log
from tests.api.sites import MODELS, Somebody, people, site_with
from tests.client import Reader, Stream
from tests.simulator import Script, Simulator
from tests.site import Site


@pytest.fixture(scope="module")
def doomed(simulator: Simulator) -> Iterator[Site]:
    # Endless answers are not to be gone on with (see P7).
    with site_with(simulator, MAX_GENERATIONS="4", ON_CRASH="ask") as site:
        yield site


def again(site: Site, alice: Somebody) -> Somebody:
    """Start the server, and ask it something. Prints how long that took."""
    began = time.monotonic()
    site.start()
    alice = Somebody(site.url, alice.token, alice.username)
    assert alice.call("GET", "/api/v1/conversations").status == 200
    print(f"serving again after {time.monotonic() - began:.1f} s")
    return alice


@dataclass
class Running:
    """An answer that has no end, and who reads it."""

    conversation: str
    script: Script
    stream: Stream
    reader: Reader


def question(script: Script) -> tuple[str, dict[str, str]]:
    """Its text, and its key."""
    return f"hi {script}", {"Idempotency-Key": script.id.replace(" ", "-")}


def running(alice: Somebody, name: str, number: int) -> Running:
    """It has said something already."""
    script = Script(id=f"{name} {number}", fault="endless", tps=200, alphabet="hostile")
    conversation, reader = alice.conversation(model=MODELS[number]), Reader()
    stream = alice.ask(conversation, *question(script))
    for frame in stream.frames():
        reader.take(frame)
        if len(reader.text) > 40:
            break
    return Running(conversation, script, stream, reader)


def assert_ended_honestly(site: Site, alice: Somebody, simulator: Simulator, one: Running) -> None:
    """What was seen of it is kept, its end says why, its key still leads to it."""
    id, seen = one.stream.message_id, one.reader.text
    one.stream.close()
    alice.resume(id, one.reader)
    assert one.reader.text.startswith(seen)
    message = alice.message(id)
    assert (message["status"], message["reason"]) == ("incomplete", "interrupted")
    assert message["parts"][0]["text"] == one.reader.text
    assert message["usage"]["exact"] is False
    names = [name for _, name, _ in log(site, id)]
    assert names.index("incomplete") == len(names) - 1
    joined = alice.ask(one.conversation, *question(one.script))
    assert joined.message_id == id
    assert joined.into(Reader()).text == one.reader.text
    assert len(simulator.calls(script=one.script.id)) == 1
    more = alice.answered(one.conversation, f"and then {Script(tokens=5)}")
    assert alice.message(more)["status"] == "done"


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_it_serves_again_and_ends_what_ran(doomed: Site, simulator: Simulator, end: str) -> None:
    (alice,) = people(doomed)
    kept = alice.answered(alice.conversation(), f"hi {Script(tokens=50, alphabet='hostile')}")
    before = alice.message(kept)
    ran = [running(alice, end, number) for number in range(2)]
    silent = Script(id=f"silent {end}", fault="silent")
    unbegun = alice.ask(alice.conversation(), f"hi {silent}")
    simulator.wait_for("open", script=silent.id)
    if end == "kill":
        doomed.kill()
    else:
        assert doomed.stop() == 0
    for script in (silent, *(one.script for one in ran)):
        simulator.wait_for("client_closed", script=script.id)
    alice = again(doomed, alice)
    for one in ran:
        assert_ended_honestly(doomed, alice, simulator, one)
    unbegun.close()
    alice.resume(unbegun.message_id, Reader())
    message = alice.message(unbegun.message_id)
    assert message["status"] == "failed"
    assert message["error"]["recoverable"] is True
    assert alice.message(kept) == before


def test_what_waited_in_the_queue_is_run(doomed: Site, simulator: Simulator) -> None:
    (alice,) = people(doomed)
    for n in range(4):
        busy = Script(id=f"busy {n}", fault="endless", tps=50)
        alice.ask(alice.conversation(), f"hi {busy}").close()
    simulator.wait_for("open", script="busy 3")
    script = Script(id="waited", tokens=20)
    waiting = alice.ask(alice.conversation(), f"hi {script}")
    waiting.close()
    assert alice.message(waiting.message_id)["status"] == "queued"
    doomed.kill()
    alice = again(doomed, alice)
    assert alice.resume(waiting.message_id, Reader()).text == script.text()
    assert len(simulator.calls(script="waited")) == 1
