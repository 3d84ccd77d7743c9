"""Addresses and methods that lead nowhere: 404 and 405, and nothing has happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from uuid_utils.compat import uuid7

from tests.client import Answer

from . import raw
from .problems import assert_problem, is_no_http
from .sites import Somebody, on_every_server

API = "/api/v1"

#: Where a conversation's and a message's id goes.
ROUTES = [
    ("GET", "/conversations/{conversation}"),
    ("PATCH", "/conversations/{conversation}"),
    ("DELETE", "/conversations/{conversation}"),
    ("GET", "/conversations/{conversation}/messages"),
    ("POST", "/conversations/{conversation}/messages"),
    ("GET", "/messages/{message}"),
    ("GET", "/messages/{message}/events"),
    ("POST", "/messages/{message}/stop"),
    ("POST", "/messages/{message}/regenerate"),
    ("POST", "/messages/{message}/continue"),
    ("POST", "/messages/{message}/edit"),
]
IDS = {
    "unknown": str(uuid7()),
    "nil": "00000000-0000-0000-0000-000000000000",
    "a number": "1",
    "a word": "latest",
    "without dashes": uuid7().hex,
    "too long": f"{uuid7()}0",
    "braces": f"{{{uuid7()}}}",
    "NUL": "%00",
    "a dot": ".",
    "two dots": "..%2F..",
    "quotes": "%27%22",
    "invalid UTF-8": "%ff%fe",
    "long": "a" * 3_000,
    "emoji": "%F0%9F%98%80",
}
BODIES = {"PATCH": b'{"title": "x"}', "POST": b'{"text": "hi"}'}


def body_of(method: str, path: str) -> bytes:
    return b"{}" if path.endswith(("regenerate", "continue")) else BODIES.get(method, b"")


def call(somebody: Somebody, method: str, path: str, body: bytes = b"") -> Answer:
    headers = [("Content-Type", "application/json")] if body else []
    return raw.send(somebody, method, path, headers, body)


@on_every_server
@pytest.mark.parametrize("id", IDS.values(), ids=IDS)
def test_it_finds_nothing_under_such_an_id(
    alice: Somebody, unchanged: Callable[[], None], id: str
) -> None:
    for method, route in ROUTES:
        path = API + route.format(conversation=id, message=id)
        assert_problem(call(alice, method, path, body_of(method, path)), 404)


@on_every_server
def test_what_is_not_yours_is_answered_as_what_does_not_exist(
    alice: Somebody, charlie: Somebody, unchanged: Callable[[], None]
) -> None:
    conversation = charlie.conversation()
    message = charlie.answered(conversation, "hi")
    unchanged()
    for method, route in ROUTES:
        body = body_of(method, route)
        theirs = API + route.format(conversation=conversation, message=message)
        nobodys = API + route.format(conversation=uuid7(), message=uuid7())
        foreign, unknown = call(alice, method, theirs, body), call(alice, method, nobodys, body)
        assert_problem(foreign, 404)
        assert foreign.body == unknown.body
        unlike = {"date", "content-security-policy"}
        assert {k: v for k, v in foreign.headers.items() if k not in unlike} == {
            k: v for k, v in unknown.headers.items() if k not in unlike
        }


def test_it_joins_no_parent_that_is_not_yours(
    alice: Somebody, charlie: Somebody, unchanged: Callable[[], None]
) -> None:
    theirs = charlie.answered(charlie.conversation(), "hi")
    elsewhere = alice.answered(alice.conversation(), "hi")
    conversation = alice.conversation()
    unchanged()
    path = f"{API}/conversations/{conversation}/messages"
    answers = [
        alice.call("POST", path, {"text": "hi", "parent_id": parent})
        for parent in (theirs, elsewhere, str(uuid7()))
    ]
    assert {assert_problem(answer, 404)["title"] for answer in answers} == {"Not Found"}
    assert len({answer.body for answer in answers}) == 1


@on_every_server
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_it_refuses_methods_that_a_path_does_not_have(
    alice: Somebody, unchanged: Callable[[], None], method: str
) -> None:
    conversation = alice.conversation()
    message = alice.answered(conversation, "hi")
    unchanged()
    known = {*ROUTES, ("GET", "/models"), ("GET", "/conversations"), ("POST", "/conversations")}
    for route in {route for _, route in known}:
        if (method, route) not in known:
            path = API + route.format(conversation=conversation, message=message)
            answer = call(alice, method, path)
            if not (method == "BREW" and is_no_http(answer)):
                assert_problem(answer, 405)


@on_every_server
@pytest.mark.parametrize(
    "path",
    ["/nothing", "/conversations/", "/models/x", "/messages", "//models", "/%00", "/%ff"],
)
def test_it_finds_nothing_beside_its_routes(alice: Somebody, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        assert_problem(call(alice, method, API + path), 404)


def test_it_answers_head_and_options_without_an_accident(alice: Somebody) -> None:
    id = alice.answered(alice.conversation(), "hi")
    for path in ("/models", "/conversations", f"/messages/{id}", f"/messages/{id}/events"):
        for method in ("HEAD", "OPTIONS"):
            answer = alice.call(method, API + path)
            assert answer.status in (200, 204, 405)
