"""P9: with every client gone the answer completes."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.sites import MODELS, Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script, Simulator

ANSWERS = 12


@on_every_server
def test_it_completes_when_everybody_has_left(alice: Somebody, simulator: Simulator) -> None:
    def leave(number: int) -> tuple[str, Script]:
        """At a random byte of the answer, or before the first one."""
        dice = random.Random(number)
        conversation = alice.conversation(model=MODELS[number % 2])
        script = Script(id=f"left {conversation}", tokens=100, tps=300, alphabet="hostile")
        stream = alice.ask(conversation, f"hi {script}")
        if number % 4:
            stream.into(Reader(), cut_after=dice.randint(1, 2_000))
        stream.close()
        return stream.message_id, script

    with ThreadPoolExecutor(6) as pool:
        left = list(pool.map(leave, range(ANSWERS)))
    for id, script in left:
        simulator.wait_for("complete", script=script.id, timeout=20)
        assert alice.resume(id, Reader()).text == script.text()
        assert alice.message(id)["status"] == "done"
        assert len(simulator.calls(script=script.id)) == 1


@on_every_server
@pytest.mark.parametrize("form", ["json", "async", "before the answer's head"])
def test_it_completes_for_who_never_followed(
    alice: Somebody, simulator: Simulator, form: str
) -> None:
    conversation = alice.conversation()
    script = Script(id=f"never {conversation}", tokens=40, tps=200)
    path = f"/api/v1/conversations/{conversation}/messages"
    body = {"text": f"hi {script}"}
    if form == "async":
        alice.call("POST", path, body, {"Prefer": "respond-async"})
    else:
        accept = "application/json" if form == "json" else "text/event-stream"
        ask_and_hang_up(alice, simulator, script, path, body, accept)
    simulator.wait_for("complete", script=script.id, timeout=20)
    id = alice.call("GET", path).json["items"][-1]["id"]
    assert alice.resume(id, Reader()).text == script.text()


def ask_and_hang_up(
    alice: Somebody,
    simulator: Simulator,
    script: Script,
    path: str,
    body: dict[str, str],
    accept: str,
) -> None:
    """Leave as soon as the provider was called."""
    import http.client
    import json

    connection = http.client.HTTPConnection(alice.host, alice.port)
    headers = {
        "Authorization": f"Bearer {alice.token}",
        "Content-Type": "application/json",
        "Accept": accept,
    }
    connection.request("POST", path, json.dumps(body), headers)
    simulator.wait_for("open", script=script.id)
    connection.close()
