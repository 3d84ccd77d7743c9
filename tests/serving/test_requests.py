"""One request and its answer, where stock Daphne leaves a client waiting or tells it a lie."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from .process import Process, read_all, serving


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    with serving() as process:
        yield process


def test_it_answers_at_once_when_the_application_fails(process: Process) -> None:
    with process.get("/fail") as response:
        assert response.status == 500
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.load(response)["status"] == 500
    process.error("Failed: /fail")
    process.error("RuntimeError: meant to fail")


def test_it_never_ends_an_answer_well_that_the_application_did_not(process: Process) -> None:
    with process.get("/fail-late") as response, pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    assert cut.value.partial == b"half"


def test_it_answers_when_the_application_leaves_without_a_word(process: Process) -> None:
    with process.get("/leave") as response:
        assert response.status == 500


def test_it_sends_no_body_to_head(process: Process) -> None:
    with process.get("/hello", "HEAD") as response:
        assert response.status == 200
        assert response.headers["Content-Length"] == str(len('"hello"'))
        assert response.headers["Server"] is None
        assert response.read() == b""


def test_it_answers_requests_that_were_sent_together_one_by_one_and_apart(process: Process) -> None:
    asks = b"".join(b"GET /context?%d HTTP/1.1\r\nHost: toy\r\n\r\n" % n for n in range(5))
    last = b"GET /hello HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n"
    with process.ask(asks + last) as sock:
        answers = read_all(sock).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [one.split(b"\r\n\r\n")[1] for one in answers] == [b'"nothing"'] * 5 + [b'"hello"']


def test_it_closes_after_an_answer_to_http_1_0() -> None:
    with serving() as process, process.ask(b"GET /stream HTTP/1.0\r\n\r\n") as sock:
        assert sock.recv(12) == b"HTTP/1.0 200"
        assert process.end() == 0
        answer = read_all(sock)
        assert b"Transfer-Encoding" not in answer
        assert answer.endswith(b'{"retry_in_ms": 100}\n\n')


@pytest.mark.parametrize("log", ["INFO", "DEBUG"])
def test_it_logs_no_request_unless_asked_and_never_a_secret(log: str) -> None:
    key = "3-c8x2x9-" + "0123456789abcdef" * 2
    with serving(log=log) as process:
        with process.get(f"/hello?token={key}") as response:
            assert response.status == 200
        with process.get(f"/reset/{key}/") as response:
            assert response.status == 404
        process.end()
    assert key not in process.errors
    assert ("GET /hello 200" in process.errors) is (log == "DEBUG")
