"""P4: a terminal state and the text under it never change."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.database import log
from tests.api.sites import Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script
from tests.site import Site

ENDINGS = {
    "done": Script(tokens=20),
    "incomplete": Script(tokens=20, fault="eof", at=8),
    "failed": Script(fault="status", status=401),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_that_is_done_to_it_changes_it(alice: Somebody, site: Site, ending: str) -> None:
    conversation = alice.conversation()
    id = alice.answered(conversation, f"hi {ENDINGS[ending]}")
    message, entries = alice.message(id), log(site, id)
    assert message["status"] == ending
    question = message["parent_id"]
    path = f"/api/v1/conversations/{conversation}"
    alice.stop(id)
    for verb in ("regenerate", "continue", "stop"):
        alice.call("POST", f"/api/v1/messages/{id}/{verb}")
    alice.call("POST", f"/api/v1/messages/{question}/edit", {"text": "other"})
    alice.call("POST", f"{path}/messages", {"text": "more", "parent_id": id})
    alice.call("PATCH", path, {"current_message_id": id, "title": "new", "system_prompt": "x"})
    alice.call("GET", f"/api/v1/messages/{id}/events?after=nonsense")
    assert alice.message(id) == message
    assert log(site, id) == entries


@on_every_server
def test_a_stop_that_races_the_end_changes_nothing_afterwards(alice: Somebody, site: Site) -> None:
    """Stops that come about when the answer ends anyway: one of the two wins, for good."""

    def race(seed: int) -> str:
        dice = random.Random(seed)
        script = Script(tokens=12, tps=300)
        stream = alice.ask(alice.conversation(), f"hi {script}")
        reader = Reader()
        stop_at, receipt = dice.randint(1, 14), None
        for frame in stream.frames():
            reader.take(frame)
            if len(reader.frames) == stop_at:
                receipt = alice.stop(stream.message_id).json["receipt"]
        first = alice.message(stream.message_id)
        again = alice.stop(stream.message_id).json["receipt"]
        assert first["status"] == reader.fold.status
        assert first["parts"][0]["text"] == reader.text
        assert script.text().startswith(reader.text)
        if reader.fold.status == "stopped":
            assert reader.fold.terminal is not None
            assert reader.fold.terminal.data()["receipt"] == receipt == again
        assert alice.message(stream.message_id) == first
        assert (
            len(
                [
                    name
                    for _, name, _ in log(site, stream.message_id)
                    if name in ("done", "stopped", "incomplete", "failed")
                ]
            )
            == 1
        )
        return reader.fold.status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(race, range(24))) <= {"done", "stopped"}
