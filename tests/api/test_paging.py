"""Pages: every item once, whatever is added meanwhile; any other cursor is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from .problems import assert_problem
from .sites import Somebody

HERE = "/api/v1/conversations"


def pages(somebody: Somebody, path: str, limit: int) -> Iterator[list[Any]]:
    cursor = ""
    while cursor is not None:
        answer = somebody.call("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answer.status == 200, answer
        assert answer.json.keys() == {"items", "next"}
        yield answer.json["items"]
        if answer.json["next"] is None:
            return
        cursor = f"&cursor={answer.json['next']}"


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_it_lists_every_conversation_once(alice: Somebody, limit: int) -> None:
    made = [alice.conversation(title=str(n)) for n in range(7)]
    for pinned in made[1::3]:
        alice.call("PATCH", f"{HERE}/{pinned}", {"pinned": True})
    everything = alice.call("GET", HERE).json["items"]
    found = list(pages(alice, HERE, limit))
    assert [one for page in found for one in page] == everything
    assert {one["id"] for one in everything} == set(made)
    assert all(len(page) == limit for page in found[:-1])


def test_it_is_not_confused_by_what_comes_between_two_pages(alice: Somebody) -> None:
    made = [alice.conversation(title=str(n)) for n in range(6)]
    seen: list[str] = []
    for page in pages(alice, HERE, 2):
        seen += [one["id"] for one in page]
        alice.conversation(title="new")
    assert seen == made[::-1]


def test_it_pages_within_a_search(alice: Somebody) -> None:
    made = [alice.conversation(title=f"{'needle' if n % 2 else 'hay'} {n}") for n in range(6)]
    found = [one["id"] for page in pages(alice, f"{HERE}?q=needle", 1) for one in page]
    assert found == made[1::2][::-1]


@pytest.mark.parametrize("branch", ["current", "all"])
@pytest.mark.parametrize("limit", [1, 4, 200])
def test_it_lists_every_message_once(alice: Somebody, limit: int, branch: str) -> None:
    conversation = alice.conversation()
    for n in range(3):
        alice.answered(conversation, f"hi {n}")
    current = alice.call("GET", f"{HERE}/{conversation}").json["current_message_id"]
    alice.call("POST", f"/api/v1/messages/{current}/regenerate")
    path = f"{HERE}/{conversation}/messages?branch={branch}"
    everything = alice.call("GET", path).json["items"]
    assert len(everything) == {"current": 6, "all": 7}[branch]
    assert [one for page in pages(alice, path, limit) for one in page] == everything


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1.5", "many", "", "9" * 400, "1e2", "%00"])
def test_it_refuses_a_limit_that_is_none(alice: Somebody, unchanged: object, limit: str) -> None:
    assert_problem(alice.call("GET", f"{HERE}?limit={limit}"), 422, "limit")


def encoded(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


STRANGE_CURSORS = {
    "words": "yesterday",
    "not base64": "%25%25%25",
    "not ascii": "%C3%A9%F0%9F%98%80",
    "invalid utf-8": "%ff%fe",
    "nul": "%00",
    "base64 of bytes": base64.urlsafe_b64encode(b"\xff\x00\xfe").decode(),
    "base64 of nothing": "====",
    "a number": encoded(5),
    "an object": encoded({}),
    "too few": encoded([True]),
    "another list's": encoded(["01a1f8bb-51f5-723a-8aba-50a7cc18cede"]),
    "wrong types": encoded(["true", 5, None]),
    "no time": encoded([False, "now", "01a1f8bb-51f5-723a-8aba-50a7cc18cede"]),
    "no zone": encoded([False, "2026-01-01", "01a1f8bb-51f5-723a-8aba-50a7cc18cede"]),
    "the end of time": encoded([False, "9999-12-31T23:59:59-23:00", "0" * 32]),
    "the start of time": encoded([False, "0001-01-01T00:00:00+23:00", "0" * 32]),
    "no id": encoded([False, "2026-01-01T00:00:00+00:00", "x"]),
    "deep": base64.urlsafe_b64encode(b"[" * 8_000).decode(),
    "long": "A" * 8_000,
    "a huge number": base64.urlsafe_b64encode(b"[" + b"9" * 6_000 + b"]").decode(),
}


@pytest.mark.parametrize("cursor", STRANGE_CURSORS.values(), ids=STRANGE_CURSORS)
@pytest.mark.parametrize("what", ["conversations", "messages"])
def test_it_refuses_a_cursor_that_is_not_its_own(
    alice: Somebody, unchanged: Any, what: str, cursor: str
) -> None:
    conversation = alice.conversation()
    unchanged()
    path = HERE if what == "conversations" else f"{HERE}/{conversation}/messages"
    assert_problem(alice.call("GET", f"{path}?cursor={cursor}"), 422, "cursor")
