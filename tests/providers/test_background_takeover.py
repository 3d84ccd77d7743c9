"""A server is killed in mid-answer: its successor reads on where it was, and repeats nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.sites import OPENAI, Somebody, people, site_with
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

from .test_background import calls


@pytest.fixture(scope="module")
def site(_simulator: Simulator) -> Iterator[Site]:
    with site_with(_simulator, OPENAI_BACKGROUND="true") as site:
        yield site


@pytest.fixture
def alice(site: Site) -> Somebody:
    return people(site)[0]


def test_an_answer_survives_a_kill_without_a_seam(
    site: Site, alice: Somebody, simulator: Simulator
) -> None:
    # Who asked for the rest instead would hear the last words twice.
    script = Script(id="kill", tokens=300, reasoning=20, tps=150, alphabet="hostile", overlap=80)
    stream, reader = alice.ask(alice.conversation(model=OPENAI), f"hi {script}"), Reader()
    for frame in stream.frames():
        reader.take(frame)
        if len(reader.text) > 100:
            break
    site.kill()
    stream.close()
    site.start()
    simulator.wait_for("complete", script="kill", timeout=20)
    alice = Somebody(site.url, alice.token, alice.username)
    alice.resume(stream.message_id, reader)
    message = alice.message(stream.message_id)
    assert (message["status"], reader.ended) == ("done", True)
    assert [part["type"] for part in message["parts"]] == ["reasoning", "text"]
    assert reader.text == message["parts"][1]["text"] == script.text()
    assert message["parts"][0]["text"] == script.reasoning_text()
    assert message["usage"]["exact"]
    assert message["usage"]["output_tokens"] == 320
    assert [call.partition(" ")[0] for call in calls(simulator)] == ["create", "read"]


def test_a_stop_reaches_the_provider(alice: Somebody, simulator: Simulator) -> None:
    script = Script(id="stop", tokens=5000, tps=50)
    stream, reader = alice.ask(alice.conversation(model=OPENAI), f"hi {script}"), Reader()
    for frame in stream.frames():
        reader.take(frame)
        if reader.text:
            break
    alice.stop(stream.message_id)
    stream.into(reader)
    assert alice.message(stream.message_id)["status"] == "stopped"
    simulator.wait_for("ended", script="stop", count=2)
    assert calls(simulator) == ["create", "cancel"]
