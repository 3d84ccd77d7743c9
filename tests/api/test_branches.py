"""Again, on, and otherwise: every one makes a sibling, and what was there stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Json, Reader
from tests.simulator import Script, Simulator

from .problems import assert_problem
from .sites import ANTHROPIC, MODELS, OPENAI, Somebody, cut_off, on_every_server


def listed(somebody: Somebody, conversation: str, branch: str = "current") -> list[Json]:
    path = f"/api/v1/conversations/{conversation}/messages?branch={branch}"
    items: list[Json] = somebody.call("GET", path).json["items"]
    return items


def asked(somebody: Somebody, script: Script, model: str = OPENAI) -> tuple[str, Json, Json]:
    """A conversation with one answer that has ended; the question and the answer."""
    conversation = somebody.conversation(model=model)
    somebody.ask(conversation, f"hi {script}").into(Reader())
    question, answer = listed(somebody, conversation)
    return conversation, question, answer


@on_every_server
@pytest.mark.parametrize("verb", ["regenerate", "continue", "edit"])
def test_it_streams_a_sibling_and_leaves_the_old_one_alone(alice: Somebody, verb: str) -> None:
    script = cut_off(id=f"{verb} {alice.username}")
    conversation, question, answer = asked(alice, script)
    target = question if verb == "edit" else answer
    body = {"text": f"ho {script}"} if verb == "edit" else {}
    stream = alice.stream("POST", f"/api/v1/messages/{target['id']}/{verb}", body)
    assert stream.status == 200
    reader = stream.into(Reader())
    assert reader.fold.status == "done"
    assert reader.text == script.text()
    new_question, new_answer = listed(alice, conversation)
    assert new_answer["id"] == stream.message_id != answer["id"]
    assert (new_question["id"] == question["id"]) == (verb != "edit")
    assert new_question["parent_id"] is None
    assert alice.message(answer["id"]) == answer
    assert alice.message(question["id"]) == question
    assert len(listed(alice, conversation, "all")) == {"edit": 4}.get(verb, 3)


@pytest.mark.parametrize("verb", ["regenerate", "continue"])
def test_it_takes_another_model(alice: Somebody, verb: str) -> None:
    script = cut_off(id=f"{verb} {alice.username}")
    _, _, answer = asked(alice, script)
    path = f"/api/v1/messages/{answer['id']}/{verb}"
    again = alice.call("POST", path, {"model": ANTHROPIC})
    assert (again.status, again.json["model"]) == (200, ANTHROPIC)
    assert again.json["parts"][0]["text"] == script.text()


@pytest.mark.parametrize("model", MODELS)
def test_it_goes_on_with_a_stopped_answer_from_its_text(alice: Somebody, model: str) -> None:
    conversation = alice.conversation(model=model)
    script = Script(tokens=60, tps=60)
    stream = alice.ask(conversation, f"hi {script}")
    reader = Reader()
    for frame in stream.frames():
        reader.take(frame)
        if len(reader.text) > 20 and not reader.ended:
            alice.stop(stream.message_id)
    assert reader.fold.status == "stopped"
    assert script.text().startswith(reader.text)
    going = alice.stream("POST", f"/api/v1/messages/{stream.message_id}/continue")
    first = Reader()
    for frame in going.frames():
        first.take(frame)
        if first.frames[-1].event == "part":
            # What it goes on from is in the log from the start.
            assert first.text == reader.text
    assert first.text == script.text()
    assert first.frames[0].event == "started"
    assert alice.message(going.message_id)["parts"][0]["text"] == script.text()
    assert alice.message(stream.message_id)["parts"][0]["text"] == reader.text


def test_it_does_not_go_on_with_an_answer_that_is_complete(alice: Somebody, unchanged: Any) -> None:
    _, question, answer = asked(alice, Script())
    unchanged()
    assert_problem(alice.call("POST", f"/api/v1/messages/{answer['id']}/continue"), 409)
    assert_problem(alice.call("POST", f"/api/v1/messages/{question['id']}/continue"), 409)
    assert_problem(alice.call("POST", f"/api/v1/messages/{question['id']}/regenerate"), 409)
    edit = f"/api/v1/messages/{answer['id']}/edit"
    assert_problem(alice.call("POST", edit, {"text": "mine"}), 409)
    assert_problem(alice.call("POST", f"/api/v1/messages/{question['id']}/stop"), 409)


def test_it_answers_a_failed_question_again(alice: Somebody) -> None:
    script = Script(fault="status", status=401, times=1, id=f"failed {alice.username}")
    _, _, answer = asked(alice, script)
    assert answer["status"] == "failed"
    for verb in ("continue", "regenerate"):
        again = alice.call("POST", f"/api/v1/messages/{answer['id']}/{verb}")
        assert (again.status, again.json["status"]) == (200, "done")
        assert again.json["parts"][0]["text"] == script.text()


def test_the_model_reads_the_branch_and_not_its_siblings(
    alice: Somebody, simulator: Simulator
) -> None:
    conversation = alice.conversation()
    script = Script(id=f"branch {conversation}", tokens=5)
    alice.ask(conversation, "one").into(Reader())
    alice.ask(conversation, "two").into(Reader())
    second = listed(alice, conversation)[2]
    alice.call("POST", f"/api/v1/messages/{second['id']}/edit", {"text": f"three {script}"})
    (call,) = simulator.calls(script=script.id)
    said = [one["content"] for one in call["body"]["messages"] if one["role"] == "user"]
    assert said == ["one", f"three {script}"]


@pytest.mark.parametrize("verb", ["regenerate", "continue", "edit"])
def test_it_waits_or_responds_at_once_like_every_answering_call(alice: Somebody, verb: str) -> None:
    script = cut_off(id=f"{verb} {alice.username}")
    _, question, answer = asked(alice, script)
    target = question if verb == "edit" else answer
    body = {"text": f"ho {script}"} if verb == "edit" else None
    path = f"/api/v1/messages/{target['id']}/{verb}"
    accepted = alice.call("POST", path, body, {"Prefer": "respond-async"})
    assert accepted.status == 202, accepted
    id = accepted.json["message_id"]
    assert accepted.headers["location"] == f"/api/v1/messages/{id}/events"
    assert alice.resume(id, Reader()).text == script.text()
