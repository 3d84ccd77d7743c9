"""Headers that are not as they should be: refused in words or passed over, never an accident."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streaming.sse import Decoder
from tests.simulator import Script

from . import raw
from .problems import assert_problem, is_no_http
from .sites import Somebody, on_every_server

HERE = "/api/v1/conversations"
JSON = (b"Content-Type", b"application/json")
BODY = b'{"text": "hi"}'

KEYS = {
    "empty": b"",
    "too long": b"k" * 256,
    "far too long": b"k" * 10_000,
    "with a space": b"a b",
    "with a tab": b"a\tb",
    "with a control character": b"a\x01b",
    "with DEL": b"a\x7fb",
    "Latin-1": b"cl\xe9",
    "UTF-8": "ключ".encode(),
    "not UTF-8": b"\xff\xfe",
    "two of them": b"a, b",
}
ACCEPTS = [
    "garbage",
    ";;;,,,",
    "*",
    "/",
    "text/",
    "a/b;q=x",
    "text/html;q=-1",
    "\xff\xfe",
    "x" * 9_000,
]
ACCEPTS += [
    "application/json;q=1e999",
    ", ".join(["a/b"] * 1_000),
    "*/*;q=0",
    "application/json;q=NaN",
]
PREFERS = ["garbage", ";;;===", "respond-async=no", "\xff", "wait=-1", "x" * 9_000, "," * 9_000]


@on_every_server
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_it_refuses_an_idempotency_key_that_is_none(
    alice: Somebody, unchanged: Callable[[], None], key: bytes
) -> None:
    conversation = alice.conversation()
    unchanged()
    headers = [JSON, (b"Idempotency-Key", key)]
    answer = raw.send(alice, "POST", f"{HERE}/{conversation}/messages", headers, BODY)
    if not is_no_http(answer):
        assert_problem(answer, 400)


@on_every_server
def test_it_answers_in_json_whatever_is_accepted(alice: Somebody) -> None:
    id = alice.answered(alice.conversation(), "hi")
    for accept in ACCEPTS:
        for path in (f"/api/v1/messages/{id}", f"/api/v1/messages/{id}/events", HERE):
            answer = raw.send(alice, "GET", path, [("Accept", accept)])
            assert answer.status == 200, (accept, path, answer)
            assert answer.headers["content-type"].startswith("application/json"), accept


@on_every_server
def test_it_passes_over_preferences_it_does_not_know(alice: Somebody) -> None:
    for prefer in PREFERS:
        path = f"{HERE}/{alice.conversation()}/messages"
        answer = raw.send(alice, "POST", path, [JSON, (b"Prefer", prefer.encode("latin-1"))], BODY)
        assert answer.status in (200, 202), (prefer, answer)


@on_every_server
def test_it_sends_a_snapshot_for_a_last_event_id_it_never_gave(alice: Somebody) -> None:
    script = Script(tokens=30)
    id = alice.answered(alice.conversation(), f"hi {script}")
    for cursor in (b"x" * 10_000, b"\xff\xfe", "ключ".encode(), b"a\x01b", b"-", b"0-0", b"{}"):
        headers = [(b"Accept", b"text/event-stream"), (b"Last-Event-ID", cursor)]
        answer = raw.send(alice, "GET", f"/api/v1/messages/{id}/events", headers)
        if cursor == b"a\x01b" and is_no_http(answer):
            continue
        assert answer.status == 200, (cursor, answer)
        events = [frame.event for frame in Decoder().feed(answer.body)]
        assert events == ["snapshot", "done"], cursor


AUTHORIZATIONS = {
    "nothing": b"",
    "no scheme": b"unb_x",
    "no token": b"Bearer",
    "an empty token": b"Bearer  ",
    "another scheme": b"Basic dXNlcjpwYXNz",
    "a wrong token": b"Bearer unb_wrong",
    "two tokens": b"Bearer a b",
    "a long one": b"Bearer " + b"x" * 9_000,
    "Latin-1": b"Bearer \xff\xfe",
    "UTF-8": "Bearer ключ".encode(),
    "a control character": b"Bearer a\x01b",
    "SQL": b"Bearer ' OR 1=1 --",
}


@on_every_server
@pytest.mark.parametrize("value", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS)
def test_it_lets_nobody_in_who_has_no_token(
    alice: Somebody, unchanged: Callable[[], None], value: bytes
) -> None:
    id = alice.answered(alice.conversation(), "hi")
    unchanged()
    alice.token, token = "", alice.token
    calls = [
        ("GET", HERE, b""),
        ("POST", HERE, b"{}"),
        ("GET", f"/api/v1/messages/{id}", b""),
        ("GET", f"/api/v1/messages/{id}/events", b""),
        ("POST", f"/api/v1/messages/{id}/stop", b""),
    ]
    for method, path, body in calls:
        headers = [(b"Authorization", value), *([JSON] if body else [])]
        answer = raw.send(alice, method, path, headers, body)
        if not is_no_http(answer):
            assert_problem(answer, 401)
    alice.token = token


@on_every_server
def test_it_takes_the_scheme_in_any_case(alice: Somebody) -> None:
    alice.token, token = "", alice.token
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {token}"}
        assert alice.call("GET", HERE, None, headers).status == 200


@on_every_server
@pytest.mark.parametrize("host", ["evil.example", "", "a b", "\xff", "x" * 3_000, "127.0.0.1:x"])
def test_it_refuses_a_host_that_is_not_its_own(alice: Somebody, host: str) -> None:
    headers = {"Host": host} if host.isascii() else {"Host": host.encode("latin-1")}
    answer = alice.call("GET", HERE, None, headers)  # type: ignore[arg-type]
    assert answer.status == 400
