"""P16: after any crash the server serves again, and what ran is ended honestly."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.api.database import log
from tests.api.sites import MODELS, Somebody, people, site_with
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site


@pytest.fixture(scope="module")
def doomed(simulator: Simulator) -> Iterator[Site]:
    with site_with(simulator, MAX_GENERATIONS="4") as site:
        yield site


def again(site: Site, alice: Somebody) -> Somebody:
    """Start the server, and ask it something. Prints how long that took."""
    began = time.monotonic()
    site.start()
    alice = Somebody(site.url, alice.token, alice.username)
    assert alice.call("GET", "/api/v1/conversations").status == 200
    print(f"serving again after {time.monotonic() - began:.1f} s")
    return alice


def goes_on(alice: Somebody, conversation: str) -> None:
    more = alice.answered(conversation, f"and then {Script(tokens=5)}")
    assert alice.message(more)["status"] == "done"


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_it_serves_again_and_ends_what_ran(doomed: Site, simulator: Simulator, end: str) -> None:
    (alice,) = people(doomed)
    kept = alice.answered(alice.conversation(), f"hi {Script(tokens=50, alphabet='hostile')}")
    before = alice.message(kept)
    running = {}
    for n in range(2):
        script = Script(id=f"runs {end} {n}", fault="endless", tps=200, alphabet="hostile", seed=n)
        conversation = alice.conversation(model=MODELS[n])
        stream = alice.ask(conversation, f"hi {script}", {"Idempotency-Key": f"k-{n}"})
        reader = Reader()
        for frame in stream.frames():
            reader.take(frame)
            if len(reader.text) > 40:
                break
        running[stream.message_id] = (conversation, script, stream, reader)
    unbegun = alice.ask(alice.conversation(), f"hi {Script(id=f'silent {end}', fault='silent')}")
    simulator.wait_for("open", script=f"silent {end}")
    if end == "kill":
        doomed.kill()
    else:
        assert doomed.stop() == 0
    for script_id in ["silent " + end, *(script.id for _, script, _, _ in running.values())]:
        simulator.wait_for("client_closed", script=script_id)
    alice = again(doomed, alice)
    for number, (id, (conversation, script, stream, reader)) in enumerate(running.items()):
        stream.close()
        seen = reader.text
        alice.resume(id, reader)
        assert reader.fold.status == "incomplete"
        assert reader.text.startswith(seen)
        message = alice.message(id)
        assert (message["status"], message["reason"]) == ("incomplete", "interrupted")
        assert message["parts"][0]["text"] == reader.text
        assert message["usage"]["exact"] is False
        names = [name for _, name, _ in log(doomed, id)]
        assert names.count("incomplete") == 1
        assert names[-1] == "incomplete"
        joined = alice.ask(conversation, f"hi {script}", {"Idempotency-Key": f"k-{number}"})
        assert joined.message_id == id
        assert joined.into(Reader()).text == reader.text
        assert len(simulator.calls(script=script.id)) == 1
        goes_on(alice, conversation)
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
