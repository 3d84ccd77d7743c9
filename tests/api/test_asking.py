"""Asking: what is sent upstream, and every way an answer travels."""

from __future__ import annotations

import json

import pytest

from tests.client import Reader
from tests.simulator import Script, Simulator

from .problems import assert_problem
from .sites import ANTHROPIC, MODELS, OPENAI, Somebody, on_every_server

PROXY_SAFE = {
    "cache-control": "no-cache, no-store, no-transform",
    "x-accel-buffering": "no",
    "content-type": "text/event-stream",
}


def messages(conversation: str) -> str:
    return f"/api/v1/conversations/{conversation}/messages"


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_it_streams_to_who_asks_for_events(alice: Somebody, model: str) -> None:
    conversation = alice.conversation(model=model)
    script = Script(tokens=50, tps=400)
    stream = alice.ask(conversation, f"hi {script}", {"Accept-Encoding": "gzip, deflate, br"})
    assert stream.status == 200
    assert {name: stream.headers[name].split(";")[0] for name in PROXY_SAFE} == PROXY_SAFE
    assert "content-encoding" not in stream.headers
    reader = stream.into(Reader())
    assert reader.text == script.text()
    first, opened, *deltas, last = reader.frames
    assert (first.event, opened.event, last.event) == ("started", "part", "done")
    assert {frame.event for frame in deltas} == {"delta"}
    assert json.loads(first.data) == {
        "message_id": stream.message_id,
        "conversation_id": conversation,
        "model": model,
        "attempt": 1,
    }
    done = json.loads(last.data)
    assert done.keys() == {"finish_reason", "usage", "timings"}


@pytest.mark.parametrize("accept", ["", "application/json", "*/*", "application/*", "text/html"])
def test_it_waits_for_the_end_for_everybody_else(alice: Somebody, accept: str) -> None:
    conversation = alice.conversation()
    script = Script(tokens=40, tps=400, alphabet="hostile")
    headers = {"Accept": accept} if accept else None
    answer = alice.call("POST", messages(conversation), {"text": f"hi {script}"}, headers)
    assert answer.status == 200, answer
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert answer.json["status"] == "done"
    assert answer.json["parts"][0]["text"] == script.text()
    assert answer.headers["x-message-id"] == answer.json["id"]
    assert alice.message(answer.json["id"]) == answer.json


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream",
        "TEXT/Event-Stream",
        "text/event-stream;q=1, application/json;q=0.5",
        "application/json;q=0.1, text/event-stream",
        "text/event-stream, */*;q=0.1",
        "text/*",
    ],
)
def test_it_reads_the_whole_accept_header(alice: Somebody, accept: str) -> None:
    stream = alice.ask(alice.conversation(), "hi", {"Accept": accept})
    assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
    assert stream.into(Reader()).ended


@on_every_server
@pytest.mark.parametrize("prefer", ["respond-async", "wait=5, Respond-Async", "respond-async;x=1"])
def test_it_responds_at_once_when_that_is_preferred(
    alice: Somebody, simulator: Simulator, prefer: str
) -> None:
    conversation = alice.conversation()
    script = Script(id=f"async {conversation}", first_after=0.3, tokens=20)
    body = {"text": f"hi {script}"}
    answer = alice.call("POST", messages(conversation), body, {"Prefer": prefer})
    assert answer.status == 202
    id = answer.headers["x-message-id"]
    assert answer.headers["location"] == f"/api/v1/messages/{id}/events"
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.json["message_id"] == id
    assert answer.json["status"] in ("queued", "running")
    following = alice.stream("GET", answer.headers["location"])
    assert following.into(Reader()).text == script.text()
    assert len(simulator.calls(script=script.id)) == 1


def test_it_prefers_nothing_else(alice: Somebody) -> None:
    for prefer in ("", "return=minimal", "respond-asynchronously", ";;;,,,=", "\xff"):
        headers = {"Prefer": prefer}
        answer = alice.call("POST", messages(alice.conversation()), {"text": "hi"}, headers)
        assert (answer.status, answer.json["status"]) == (200, "done"), prefer


def test_it_sends_the_first_byte_before_there_is_a_word(
    alice: Somebody, simulator: Simulator
) -> None:
    conversation = alice.conversation()
    script = Script(id=f"quiet {conversation}", fault="silent")
    stream = alice.ask(conversation, f"hi {script}")
    assert stream.response.read1(1) == b":"
    (call,) = simulator.wait_for("open", script=script.id)
    assert call["first_byte"] is None
    alice.stop(stream.message_id)
    stream.close()


def test_it_tells_the_model_what_was_said_before(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation(system_prompt="Be kind.")
    script = Script(id=f"before {conversation}", tokens=5)
    alice.ask(conversation, f"one {script}").into(Reader())
    alice.ask(conversation, f"two {script}").into(Reader())
    body = simulator.calls(script=script.id)[-1]["body"]
    said = [(one["role"], one["content"]) for one in body["messages"]]
    assert [role for role, _ in said] == ["system", "user", "assistant", "user"]
    assert [text for _, text in said] == [
        *("Be kind.", f"one {script}", script.text(), f"two {script}")
    ]


def test_it_takes_another_model_for_one_answer(alice: Somebody) -> None:
    conversation = alice.conversation(model=OPENAI)
    stream = alice.ask(conversation, "hi", model=ANTHROPIC)
    stream.into(Reader())
    assert alice.message(stream.message_id)["model"] == ANTHROPIC
    after = alice.ask(conversation, "hi")
    after.into(Reader())
    assert alice.message(after.message_id)["model"] == OPENAI


def test_it_passes_options_on(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"options {conversation}")
    options = {"max_tokens": 77, "temperature": 0.5, "seed": 5, "stop": ["END"]}
    alice.ask(conversation, f"hi {script}", options=options).into(Reader())
    (call,) = simulator.calls(script=script.id)
    told = call["body"]
    assert told.get("max_completion_tokens", told.get("max_tokens")) == 77
    assert (told["temperature"], told["seed"], told["stop"]) == (0.5, 5, ["END"])


def test_it_answers_after_an_earlier_message_on_a_branch_of_its_own(alice: Somebody) -> None:
    conversation = alice.conversation()
    first = alice.ask(conversation, "one")
    first.into(Reader())
    alice.ask(conversation, "two").into(Reader())
    other = alice.ask(conversation, "other", parent_id=first.message_id)
    other.into(Reader())
    items = alice.call("GET", messages(conversation)).json["items"]
    assert [one["parts"][0]["text"] for one in items if one["role"] == "user"] == ["one", "other"]
    assert len(alice.call("GET", messages(conversation) + "?branch=all").json["items"]) == 6


@on_every_server
def test_it_gives_one_answer_at_a_time_on_a_leaf(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    first = alice.ask(conversation, "one")
    first.into(Reader())
    script = Script(id=f"busy {conversation}", tokens=10_000, tps=50)
    running = alice.ask(conversation, f"two {script}")
    busy = running.message_id
    refused = {"text": f"three {script}"}
    assert_problem(alice.call("POST", messages(conversation), refused), 409)
    named = {**refused, "parent_id": busy}
    assert_problem(alice.call("POST", messages(conversation), named), 409)
    for verb in ("regenerate", "continue"):
        assert_problem(alice.call("POST", f"/api/v1/messages/{busy}/{verb}"), 409)
    assert len(simulator.calls(script=script.id)) == 1
    # Another branch is another matter.
    elsewhere = alice.ask(conversation, "four", parent_id=first.message_id)
    assert elsewhere.into(Reader()).ended
    alice.stop(busy)
    assert running.into(Reader()).fold.status == "stopped"


def test_it_refuses_a_parent_that_is_a_question(alice: Somebody) -> None:
    conversation = alice.conversation()
    alice.ask(conversation, "one").into(Reader())
    question = alice.call("GET", messages(conversation)).json["items"][0]["id"]
    answer = alice.call("POST", messages(conversation), {"text": "two", "parent_id": question})
    assert_problem(answer, 422, "parent_id")
