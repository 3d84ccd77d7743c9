"""Messages as they are read: one, a branch, the whole tree."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from tests.client import Reader
from tests.simulator import Script, Simulator

from .problems import assert_problem
from .sites import MODELS, OPENAI, Somebody, on_every_server


@on_every_server
def test_it_tells_everything_about_a_finished_answer(alice: Somebody) -> None:
    script = Script(tokens=30, reasoning=4)
    conversation = alice.conversation()
    stream = alice.ask(conversation, f"hi {script}")
    reader = stream.into(Reader())
    message = alice.message(stream.message_id)
    assert UUID(message["id"]).version == 7
    assert message["conversation_id"] == conversation
    assert (message["role"], message["status"], message["model"]) == ("assistant", "done", OPENAI)
    assert [(part["type"], part["text"]) for part in message["parts"]] == [
        ("reasoning", script.reasoning_text()),
        ("text", script.text()),
    ]
    assert message["cursor"] == reader.cursor
    assert message["error"] is None
    assert message["usage"]["output_tokens"] == 34
    assert message["usage"]["exact"] is True
    timings = message["timings"]
    assert 0 <= timings["queued_ms"] <= timings["first_token_ms"] <= timings["total_ms"]
    assert timings["tokens_per_second"] > 0
    terminal = reader.fold.terminal
    assert terminal is not None
    assert terminal.data()["usage"] == message["usage"]
    assert terminal.data()["timings"] == timings


def test_it_tells_an_unfinished_one_so_far(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"so far {conversation}", tokens=10_000, tps=100)
    stream = alice.ask(conversation, f"hi {script}")
    frames = stream.frames()
    while next(frames).event != "delta":
        pass
    message = alice.message(stream.message_id)
    stream.close()
    assert message["status"] == "running"
    assert message["usage"] is None
    text = message["parts"][0]["text"]
    assert text
    assert script.text().startswith(text)
    # From its cursor on comes the rest: nothing twice, nothing left out.
    rest = alice.follow(stream.message_id, message["cursor"])
    for frame in rest.frames():
        if frame.event == "delta":
            assert script.text()[len(text) :].startswith(json.loads(frame.data)["text"])
            break
    rest.close()
    alice.stop(stream.message_id)


def test_it_lists_a_branch_oldest_first(alice: Somebody) -> None:
    conversation = alice.conversation()
    for n in range(3):
        alice.ask(conversation, f"question {n}").into(Reader())
    path = f"/api/v1/conversations/{conversation}/messages"
    items = alice.call("GET", path).json["items"]
    assert [one["role"] for one in items] == ["user", "assistant"] * 3
    assert [one["parts"][0]["text"] for one in items[::2]] == [f"question {n}" for n in range(3)]
    assert [one["parent_id"] for one in items] == [None, *(one["id"] for one in items[:-1])]
    times = [datetime.fromisoformat(one["created_at"]) for one in items]
    assert times == sorted(times)
    for one in items:
        assert alice.message(one["id"]) == one


def test_it_lists_the_whole_tree_when_asked_to(alice: Somebody) -> None:
    conversation = alice.conversation()
    path = f"/api/v1/conversations/{conversation}/messages"
    first = alice.answered(conversation, "one")
    second = alice.call("POST", f"/api/v1/messages/{first}/regenerate").json["id"]
    tree = alice.call("GET", f"{path}?branch=all").json["items"]
    assert [one["id"] for one in tree][1:] == [first, second]
    assert tree[1]["parent_id"] == tree[2]["parent_id"] == tree[0]["id"]
    assert [one["id"] for one in alice.call("GET", path).json["items"]] == [tree[0]["id"], second]
    assert alice.call("GET", f"{path}?branch=current").json == alice.call("GET", path).json


def test_it_knows_only_two_kinds_of_branch(alice: Somebody) -> None:
    path = f"/api/v1/conversations/{alice.conversation()}/messages?branch="
    for branch in ("", "ALL", "some", "%00"):
        assert_problem(alice.call("GET", path + branch), 422, "branch")


def test_it_lists_nothing_in_an_empty_conversation(alice: Somebody) -> None:
    answer = alice.call("GET", f"/api/v1/conversations/{alice.conversation()}/messages")
    assert answer.json == {"items": [], "next": None}


def test_it_tells_why_no_answer_came(alice: Somebody) -> None:
    script = Script(fault="status", status=401)
    for model in MODELS:
        stream = alice.ask(alice.conversation(model=model), f"hi {script}")
        stream.into(Reader())
        message = alice.message(stream.message_id)
        assert message["status"] == "failed"
        assert message["error"].keys() == {"code", "message", "recoverable"}
        assert message["error"]["message"]
        assert message["parts"] == []
