"""Fields that are not as they should be: 422, which names them, and nothing has happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .problems import assert_problem
from .sites import OPENAI, Somebody, on_every_server

HERE = "/api/v1/conversations"
UUID = "01a1f8bb-51f5-723a-8aba-50a7cc18cede"

TITLES: list[Any] = [5, True, [], {}, 1.5, "x" * 201, "\0", "a\0b"]
MODELS: list[Any] = [5, [], {}, "gpt-test", "openai/", "openai/other", "/", "nobody/x", "\0"]
MODELS += ["openai/gpt-test\0", "x" * 300, " openai/gpt-test", "OPENAI/gpt-test", "x/" * 90]
PROMPTS: list[Any] = [5, [], {}, "x" * 100_001, "\0"]
FLAGS: list[Any] = [5, "maybe", [], {}, "", 2]
IDS: list[Any] = [5, True, [], {}, "", "x", UUID[:-1], UUID + "0", "\0", "../x", f" {UUID}"]
TEXTS: list[Any] = [None, 5, True, [], {}, "", " ", "\n\t\r", "\u2003\u3000", "x" * 1_000_001]
OPTIONS: list[tuple[str, Any]] = [
    ("options", 5),
    ("options", "x"),
    ("options", []),
    ("options.max_tokens", 0),
    ("options.max_tokens", -1),
    ("options.max_tokens", 10**30),
    ("options.max_tokens", "many"),
    ("options.max_tokens", 1.5),
    ("options.temperature", -0.1),
    ("options.temperature", 2.1),
    ("options.temperature", "hot"),
    ("options.temperature", 10**400),
    ("options.top_p", 1.01),
    ("options.seed", 2**60),
    ("options.seed", 0.5),
    ("options.stop", "END"),
    ("options.stop", ["x"] * 5),
    ("options.stop", [5]),
    ("options.stop", ["x" * 201]),
    ("options.reasoning_effort", "extreme"),
    ("options.n", 5),
    ("options.stream", False),
    ("options.messages", []),
]


def with_option(path: str, value: Any) -> dict[str, Any]:
    if path == "options":
        return {"options": value}
    return {"options": {path.removeprefix("options."): value}}


def named(document: Any) -> list[str]:
    return [error["field"] for error in document["errors"]]


def assert_refused(somebody: Somebody, method: str, path: str, body: Any, field: str) -> None:
    document = assert_problem(somebody.call(method, path, body), 422)
    fields = named(document)
    assert any(name == field or name.startswith(f"{field}.") for name in fields), (body, fields)


@on_every_server
def test_it_names_the_field_of_a_conversation(
    alice: Somebody, unchanged: Callable[[], None]
) -> None:
    conversation = f"{HERE}/{alice.conversation(title='kept')}"
    unchanged()
    for method, path in (("POST", HERE), ("PATCH", conversation)):
        for field, values in {
            "title": TITLES,
            "model": MODELS,
            "system_prompt": PROMPTS,
        }.items():
            for value in values:
                assert_refused(alice, method, path, {field: value}, field)
        for unknown in ("id", "owner", "owner_id", "created_at", "x", "", "__class__", "\0"):
            document = assert_problem(alice.call(method, path, {unknown: "x"}), 422)
            assert named(document) == [unknown or "body"] or unknown in named(document)
    for field in ("pinned", "archived"):
        for value in FLAGS:
            assert_refused(alice, "PATCH", conversation, {field: value}, field)
    for value in IDS:
        assert_refused(
            alice, "PATCH", conversation, {"current_message_id": value}, "current_message_id"
        )


def test_it_takes_no_null_for_what_must_be_something(
    alice: Somebody, unchanged: Callable[[], None]
) -> None:
    conversation = alice.conversation(title="kept")
    unchanged()
    for field in ("title", "model", "system_prompt"):
        assert_refused(alice, "POST", HERE, {field: None}, field)
    assert_refused(alice, "POST", f"{HERE}/{conversation}/messages", {"text": None}, "text")


@on_every_server
def test_it_names_the_field_of_a_question(alice: Somebody, unchanged: Callable[[], None]) -> None:
    conversation = alice.conversation()
    alice.answered(conversation, "hi")
    path = f"{HERE}/{conversation}/messages"
    question = alice.call("GET", path).json["items"][0]["id"]
    unchanged()
    edit = f"/api/v1/messages/{question}/edit"
    for target in (path, edit):
        for text in TEXTS:
            assert_refused(alice, "POST", target, {"text": text}, "text")
        assert_refused(alice, "POST", target, {}, "text")
        for model in MODELS:
            assert_refused(alice, "POST", target, {"text": "hi", "model": model}, "model")
        for option, value in OPTIONS:
            body = {"text": "hi", **with_option(option, value)}
            assert_refused(alice, "POST", target, body, option)
        assert_refused(alice, "POST", target, {"text": "hi", "stream": True}, "stream")
    for id in IDS:
        assert_refused(alice, "POST", path, {"text": "hi", "parent_id": id}, "parent_id")
    strange: list[Any] = [5, "x", {}, ["x"], [{}]]
    for attachments in strange:
        body = {"text": "hi", "attachments": attachments}
        assert_refused(alice, "POST", path, body, "attachments")


def test_it_names_every_field_at_once(alice: Somebody) -> None:
    body = {"title": 5, "model": [], "x": 1}
    document = assert_problem(alice.call("POST", HERE, body), 422)
    assert sorted(named(document)) == ["model", "title", "x"]


@pytest.mark.parametrize("verb", ["regenerate", "continue"])
def test_it_names_the_field_of_another_answer(
    alice: Somebody, unchanged: Callable[[], None], verb: str
) -> None:
    id = alice.answered(alice.conversation(), "hi")
    unchanged()
    path = f"/api/v1/messages/{id}/{verb}"
    for model in MODELS:
        assert_refused(alice, "POST", path, {"model": model}, "model")
    for option, value in OPTIONS:
        assert_refused(alice, "POST", path, with_option(option, value), option)
    assert_refused(alice, "POST", path, {"text": "hi"}, "text")


def test_it_takes_the_longest_text_there_is(alice: Somebody) -> None:
    text = "😀" * 1_000_000
    path = f"{HERE}/{alice.conversation(model=OPENAI)}/messages"
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    id = alice.call("POST", path, body, {"Content-Type": "application/json"}).json["id"]
    question = alice.message(alice.message(id)["parent_id"])
    assert question["parts"][0]["text"] == text


def test_it_does_not_repeat_what_was_sent(alice: Somebody) -> None:
    """A refusal is as short as it needs to be."""
    answer = alice.call("POST", HERE, {"title": "x" * 1_000_000})
    assert_problem(answer, 422, "title")
    assert len(answer.body) < 2_000
    answer = alice.call("POST", HERE, {f"field {n}": 1 for n in range(20_000)})
    assert_problem(answer, 422)
    assert len(answer.body) < 10_000
    answer = alice.call("POST", HERE, {"x" * 1_000_000: 1})
    assert_problem(answer, 422)
    assert len(answer.body) < 2_000
