"""P5: a repeated idempotency key never calls the provider twice."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.sites import MODELS, Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script, Simulator

ROUNDS = 6
RETRIES = 10


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_ten_at_once_and_ten_later_make_one_call(
    alice: Somebody, simulator: Simulator, model: str
) -> None:
    with ThreadPoolExecutor(RETRIES) as pool:
        for number in range(ROUNDS):
            conversation = alice.conversation(model=model)
            script = Script(id=f"once {number} {conversation}", tokens=20, tps=400)

            def ask(how: int, script: Any = script, conversation: str = conversation) -> str:
                dice = random.Random(how)
                headers = {"Idempotency-Key": f"once-{conversation}"}
                stream = alice.ask(conversation, f"hi {script}", headers)
                assert stream.status == 200, stream.status
                # Some go away and come back, as retries do.
                reader = stream.into(Reader(), dice.choice([None, 1, 200]))
                alice.resume(stream.message_id, reader)
                assert reader.text == script.text()
                return stream.message_id

            ids = set(pool.map(ask, range(RETRIES)))
            assert len(ids | {ask(0), ask(1)}) == 1
            assert len(simulator.calls(script=script.id)) == 1


@on_every_server
def test_retries_in_every_form_join(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"forms {conversation}", tokens=30, tps=200)
    path = f"/api/v1/conversations/{conversation}/messages"
    forms = [
        {"Accept": "application/json"},
        {"Accept": "text/event-stream"},
        {"Prefer": "respond-async"},
    ]

    def ask(form: dict[str, str]) -> str:
        headers = {"Idempotency-Key": "k", **form}
        return alice.call("POST", path, {"text": f"hi {script}"}, headers).headers["x-message-id"]

    with ThreadPoolExecutor(9) as pool:
        (id,) = set(pool.map(ask, forms * 3))
    assert alice.resume(id, Reader()).text == script.text()
    assert len(simulator.calls(script=script.id)) == 1
    assert len(alice.call("GET", path + "?branch=all").json["items"]) == 2
