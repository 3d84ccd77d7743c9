"""Idempotency keys: the same call again joins the first one's answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.client import Reader
from tests.simulator import Script, Simulator

from .problems import assert_problem
from .sites import ANTHROPIC, Somebody, cut_off, on_every_server


def keyed(key: str, **more: str) -> dict[str, str]:
    return {"Idempotency-Key": key, **more}


@on_every_server
def test_it_joins_while_the_answer_runs(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"join {conversation}", tokens=60, tps=200)
    first = alice.ask(conversation, f"hi {script}", keyed("k"))
    second = alice.ask(conversation, f"hi {script}", keyed("k"))
    assert second.message_id == first.message_id
    assert second.into(Reader()).text == first.into(Reader()).text == script.text()
    assert len(simulator.calls(script=script.id)) == 1


@on_every_server
def test_it_joins_after_the_end_in_every_form(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    path = f"/api/v1/conversations/{conversation}/messages"
    script = Script(id=f"after {conversation}")
    body = {"text": f"hi {script}"}
    first = alice.call("POST", path, body, keyed("k"))
    again = alice.call("POST", path, body, keyed("k"))
    assert (again.status, again.json) == (200, first.json)
    streamed = alice.ask(conversation, body["text"], keyed("k")).into(Reader())
    assert streamed.text == script.text()
    accepted = alice.call("POST", path, body, keyed("k", Prefer="respond-async"))
    assert (accepted.status, accepted.json["message_id"]) == (202, first.json["id"])
    assert len(simulator.calls(script=script.id)) == 1
    assert len(alice.call("GET", path).json["items"]) == 2


@pytest.mark.parametrize("verb", ["regenerate", "continue", "edit"])
def test_it_joins_the_other_answering_calls_too(
    alice: Somebody, simulator: Simulator, verb: str
) -> None:
    conversation = alice.conversation()
    script = cut_off(5, id=f"{verb} {conversation}")
    stream = alice.ask(conversation, f"hi {script}")
    stream.into(Reader())
    target = stream.message_id
    body: Any = {}
    if verb == "edit":
        listed = alice.call("GET", f"/api/v1/conversations/{conversation}/messages").json
        target, body = listed["items"][0]["id"], {"text": f"ho {script}"}
    path = f"/api/v1/messages/{target}/{verb}"
    answers = [alice.call("POST", path, body, keyed("k")) for _ in range(3)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(simulator.calls(script=script.id)) == 2 + 1
    other = alice.call("POST", path, {**body, "model": ANTHROPIC}, keyed("k"))
    assert_problem(other, 422)


def test_it_refuses_the_key_for_another_body(alice: Somebody, unchanged: Any) -> None:
    conversation, elsewhere = alice.conversation(), alice.conversation()
    alice.ask(conversation, "hi", keyed("k")).into(Reader())
    unchanged()
    others: list[tuple[str, Any]] = [
        (conversation, {"text": "ho"}),
        (conversation, {"text": "hi", "model": ANTHROPIC}),
        (conversation, {"text": "hi", "options": {"max_tokens": 5}}),
        (elsewhere, {"text": "hi"}),
    ]
    for where, body in others:
        path = f"/api/v1/conversations/{where}/messages"
        assert_problem(alice.call("POST", path, body, keyed("k")), 422)


def test_it_is_one_persons_own(alice: Somebody, charlie: Somebody) -> None:
    texts = {}
    for somebody in (alice, charlie):
        conversation = somebody.conversation()
        stream = somebody.ask(conversation, f"{somebody.username}", keyed("shared"))
        stream.into(Reader())
        texts[stream.message_id] = somebody
    assert len(texts) == 2


def test_it_takes_every_visible_character(alice: Somebody) -> None:
    conversation = alice.conversation()
    for key in ("".join(map(chr, range(0x21, 0x7F))), "k", "k" * 255):
        path = f"/api/v1/conversations/{conversation}/messages"
        answers = [alice.call("POST", path, {"text": "hi"}, keyed(key)) for _ in range(2)]
        assert len({answer.json["id"] for answer in answers}) == 1


def test_a_call_that_was_refused_leaves_its_key_free(alice: Somebody) -> None:
    conversation = alice.conversation()
    path = f"/api/v1/conversations/{conversation}/messages"
    assert_problem(alice.call("POST", path, {"text": ""}, keyed("k")), 422)
    assert_problem(alice.call("POST", path, {"text": "hi", "model": "x/y"}, keyed("k")), 422)
    assert alice.call("POST", path, {"text": "hi"}, keyed("k")).status == 200


@on_every_server
def test_ten_keys_at_once_on_one_leaf_get_one_answer(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"ten {conversation}", first_after=0.5)
    path = f"/api/v1/conversations/{conversation}/messages"

    def ask(number: int) -> int:
        headers = keyed(f"k{number}", Prefer="respond-async")
        return alice.call("POST", path, {"text": f"hi {script}"}, headers).status

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(ask, range(10)))
    assert statuses == [202] + [409] * 9
    listed = alice.call("GET", path).json["items"]
    assert len(listed) == 2
    assert alice.resume(listed[1]["id"], Reader()).text == script.text()
    assert len(simulator.calls(script=script.id)) == 1
