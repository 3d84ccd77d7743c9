"""Stop: a receipt for who asked, the same one in the log, and nothing after it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.client import Reader
from tests.simulator import Script, Simulator

from .problems import assert_problem
from .sites import MODELS, Somebody, on_every_server


def endless(somebody: Somebody, **more: Any) -> Script:
    return Script(id=f"endless {somebody.username}", fault="endless", tps=200, **more)


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_it_gives_a_receipt_that_the_log_carries(
    alice: Somebody, simulator: Simulator, model: str
) -> None:
    script = endless(alice)
    stream = alice.ask(alice.conversation(model=model), f"hi {script}")
    reader = Reader()
    receipts: list[str] = []
    for frame in stream.frames():
        reader.take(frame)
        if reader.text and not receipts:
            answer = alice.stop(stream.message_id)
            assert answer.status == 200
            receipts.append(answer.json["receipt"])
            assert answer.json["message_id"] == stream.message_id
    last = reader.frames[-1]
    assert last.event == "stopped"
    stopped = json.loads(last.data)
    assert stopped.keys() == {"usage", "timings", "receipt"}
    assert [stopped["receipt"]] == receipts
    assert stopped["usage"]["output_tokens"] > 0
    message = alice.message(stream.message_id)
    assert message["status"] == "stopped"
    assert message["parts"][0]["text"] == reader.text
    simulator.wait_for("client_closed", script=script.id)
    again = alice.stop(stream.message_id)
    assert (again.status, again.json["receipt"]) == (200, receipts[0])
    assert again.json["status"] == "stopped"


def test_ten_stops_at_once_get_one_receipt(alice: Somebody) -> None:
    stream = alice.ask(alice.conversation(), f"hi {endless(alice)}")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(alice.stop, [stream.message_id] * 10))
    reader = stream.into(Reader())
    (receipt,) = {answer.json["receipt"] for answer in answers}
    assert json.loads(reader.frames[-1].data)["receipt"] == receipt


def test_it_changes_nothing_after_the_end(alice: Somebody, unchanged: Any) -> None:
    id = alice.answered(alice.conversation(), "hi")
    before = alice.message(id)
    unchanged()
    answer = alice.stop(id)
    assert answer.status == 200
    assert answer.json == {"message_id": id, "status": "done", "receipt": None}
    assert alice.message(id) == before


def test_it_lets_one_ask_again_at_once(alice: Somebody) -> None:
    conversation = alice.conversation()
    stream = alice.ask(conversation, f"hi {endless(alice)}")
    alice.stop(stream.message_id)
    assert stream.into(Reader()).fold.status == "stopped"
    assert alice.message(alice.answered(conversation, f"again {Script()}"))["status"] == "done"


def test_it_stops_nothing_of_somebody_else(alice: Somebody, charlie: Somebody) -> None:
    script = Script(tokens=60, tps=200)
    stream = alice.ask(alice.conversation(), f"hi {script}")
    assert_problem(charlie.stop(stream.message_id), 404)
    assert stream.into(Reader()).text == script.text()


def test_it_needs_no_body_and_minds_none(alice: Somebody) -> None:
    id = alice.answered(alice.conversation(), "hi")
    path = f"/api/v1/messages/{id}/stop"
    for body in (None, {}, {"x": 1}, b"\xff\x00"):
        assert alice.call("POST", path, body).status == 200


def test_a_receipt_is_given_only_for_what_was_stopped(alice: Somebody) -> None:
    """However close to the end it comes."""
    for number in range(12):
        script = Script(tokens=20, tps=400, seed=number)
        stream = alice.ask(alice.conversation(), f"hi {script}")
        reader = Reader()
        frames = stream.frames()
        while len(reader.text) < len(script.text()) * number / 12:
            reader.take(next(frames))
        receipt = alice.stop(stream.message_id).json["receipt"]
        for frame in frames:
            reader.take(frame)
        last = json.loads(reader.frames[-1].data)
        assert last.get("receipt") == receipt, reader.frames[-1]
