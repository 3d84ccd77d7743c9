"""Bodies that are no JSON object: refused, and nothing has happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import raw
from .problems import assert_problem
from .sites import Somebody, on_every_server

HERE = "/api/v1/conversations"
JSON = {"Content-Type": "application/json"}

NOT_JSON = {
    "a space": b" ",
    "a truncated object": b'{"title": "x"',
    "a truncated string": b'{"title": "x',
    "a truncated escape": b'{"title": "\\u00"}',
    "words": b"title=x",
    "NaN": b'{"options": {"temperature": NaN}}',
    "Infinity": b'{"options": {"temperature": -Infinity}}',
    "a trailing comma": b'{"title": "x",}',
    "single quotes": b"{'title': 'x'}",
    "a comment": b'{"title": "x"} // y',
    "two objects": b'{"title": "x"}{}',
    "a lone surrogate, escaped": b'{"title": "\\ud800"}',
    "surrogates in the wrong order": b'{"title": "\\udc00\\ud800"}',
    "a lone surrogate, raw": b'{"title": "\xed\xa0\x80"}',
    "invalid UTF-8": b'{"title": "\xff\xc3\x28"}',
    "overlong UTF-8": b'{"title": "\xc0\xaf"}',
    "a byte order mark": b'\xef\xbb\xbf{"title": "x"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "a raw control character": b'{"title": "\x01"}',
    "a raw NUL": b'{"title": "\x00"}',
    "only NULs": b"\x00" * 100,
    "100,000 arrays": b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 5,000 digits": b'{"title": ' + b"9" * 5_000 + b"}",
}
NOT_AN_OBJECT = {
    "an array": b"[]",
    "an array of objects": b'[{"title": "x"}]',
    "a string": b'"x"',
    "a number": b"5",
    "null": b"null",
    "true": b"true",
}


@pytest.fixture
def paths(alice: Somebody, unchanged: Callable[[], None]) -> list[tuple[str, str]]:
    """Every call that needs a body. What is prepared for them is not counted."""
    conversation = alice.conversation()
    alice.answered(conversation, "hi")
    listed = alice.call("GET", f"{HERE}/{conversation}/messages").json["items"]
    unchanged()
    return [
        ("PATCH", f"{HERE}/{conversation}"),
        ("POST", f"{HERE}/{conversation}/messages"),
        ("POST", f"/api/v1/messages/{listed[0]['id']}/edit"),
    ]


@on_every_server
def test_it_refuses_what_is_not_json(alice: Somebody, paths: list[tuple[str, str]]) -> None:
    for name, body in NOT_JSON.items():
        for method, path in paths:
            answer = alice.call(method, path, body, JSON)
            assert answer.status == 400, (name, path, answer)
            assert_problem(answer, 400)


def test_it_misses_a_body_that_it_needs(alice: Somebody, paths: list[tuple[str, str]]) -> None:
    for method, path in paths:
        assert_problem(alice.call(method, path), 422, "body")
        assert_problem(alice.call(method, path, b"", JSON), 422, "body")


def test_it_refuses_json_that_is_no_object(alice: Somebody, paths: list[tuple[str, str]]) -> None:
    for name, body in NOT_AN_OBJECT.items():
        for method, path in paths:
            answer = alice.call(method, path, body, JSON)
            assert answer.status == 400, (name, path, answer)
            assert_problem(answer, 400)


def test_it_refuses_the_same_where_a_body_may_be_left_out(
    alice: Somebody, unchanged: Callable[[], None]
) -> None:
    id = alice.answered(alice.conversation(), "hi")
    unchanged()
    for name, body in (NOT_JSON | NOT_AN_OBJECT).items():
        if name != "null":
            for path in (HERE, f"/api/v1/messages/{id}/regenerate"):
                answer = alice.call("POST", path, body, JSON)
                assert answer.status == 400, (name, path, answer)
                assert_problem(answer, 400)


@pytest.mark.parametrize(
    "type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "json",
        ";;;",
        "application/json, text/plain",
        "\xff\xfe",
        "a" * 5_000,
    ],
)
def test_it_takes_json_alone(alice: Somebody, paths: list[tuple[str, str]], type: str) -> None:
    body = b'{"text": "hi", "title": "x"}'
    for method, path in paths:
        headers = [("Content-Type", type)] if type else []
        assert_problem(raw.send(alice, method, path, headers, body), 415)


@pytest.mark.parametrize("type", ["Application/JSON", "application/json; charset=utf-8"])
def test_it_knows_json_however_it_is_written(alice: Somebody, type: str) -> None:
    made = alice.call("POST", HERE, b'{"title": "x"}', {"Content-Type": type})
    assert (made.status, made.json["title"]) == (201, "x")


@on_every_server
def test_it_takes_what_json_allows(alice: Somebody) -> None:
    titles = {
        b' \r\n\t{"title" : "x"}\n': "x",
        b'{"t\\u0069tle": "\\ud83d\\ude00"}': "😀",
        b'{"title": "one", "title": "two"}': "two",  # the last one wins, as in every browser
    }
    for body, title in titles.items():
        made = alice.call("POST", HERE, body, JSON)
        assert (made.status, made.json["title"]) == (201, title)


@on_every_server
@pytest.mark.parametrize("size", [7 * 1024 * 1024, 12 * 1024 * 1024])
def test_it_refuses_a_body_that_is_too_big(
    alice: Somebody, paths: list[tuple[str, str]], size: int
) -> None:
    body = b'{"text": "' + b"x" * size + b'"}'
    for method, path in paths:
        headers = [("Content-Type", "application/json")]
        assert_problem(raw.send(alice, method, path, headers, body), 413)
