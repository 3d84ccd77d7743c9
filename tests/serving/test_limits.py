"""What a client may send, and in which time: refused early, in words, with no line in the log."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from .process import Process, read_all, serving

LIMIT = 100_000


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    limits = {"body_size": LIMIT, "head_time": 0.5, "body_time": 1.0, "linger_time": 1.0}
    with serving(limits=limits) as process:
        yield process
        assert process.end() == 0
        assert process.errors == ""


def refusal(answer: bytes) -> dict[str, Any]:
    """The problem document in a refusal that says that the connection ends."""
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b"Content-Type: application/problem+json" in head
    assert b"Connection: close" in head
    document: dict[str, Any] = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {document['status']} {document['title']}".encode())
    return document


def post(size: int, *more: bytes) -> bytes:
    head = b"POST /echo HTTP/1.1\r\nHost: toy\r\nContent-Length: %d\r\n" % size
    return head + b"".join(line + b"\r\n" for line in more) + b"\r\n"


def send_until_refused(sock: socket.socket, data: bytes) -> bytes:
    """Send, as a client does that reads only afterwards, and read the answer."""
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return read_all(sock)


def test_it_takes_a_body_of_the_allowed_size(process: Process) -> None:
    body = bytes(range(250)) * (LIMIT // 250)
    with process.ask(post(LIMIT, b"Connection: close") + body) as sock:
        echo = json.loads(read_all(sock).split(b"\r\n\r\n")[1])
    assert echo["size"] == LIMIT
    assert echo["sha256"] == hashlib.sha256(body).hexdigest()


def test_it_refuses_a_larger_one_before_it_is_sent(process: Process) -> None:
    with process.ask(post(LIMIT + 1, b"Expect: 100-continue")) as sock:
        assert refusal(read_all(sock))["status"] == 413


def test_it_lets_a_client_finish_sending_and_read_why_it_was_refused(process: Process) -> None:
    echoed = process.report().get("echoed", 0)
    with process.connect() as sock:
        sock.sendall(post(LIMIT * 50) + bytes(LIMIT * 50))
        answer = b"".join(iter(lambda: sock.recv(65536), b""))  # a reset would raise
    assert refusal(answer)["status"] == 413
    assert process.report().get("echoed", 0) == echoed


def test_it_counts_a_body_that_does_not_say_its_size(process: Process) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"2710\r\n" + bytes(10_000) + b"\r\n"
    echoed = process.report().get("echoed", 0)
    with process.connect() as sock:
        answer = send_until_refused(sock, head + chunk * 11 + b"0\r\n\r\n")
        assert refusal(answer)["status"] == 413
    assert process.report().get("echoed", 0) == echoed


def test_it_gives_up_on_headers_that_come_too_slowly(process: Process) -> None:
    with process.ask(b"GET /hello HTTP/1.1\r\nHost: t") as sock:
        assert refusal(read_all(sock))["status"] == 408


def test_it_gives_up_on_a_body_that_comes_too_slowly(process: Process) -> None:
    with process.ask(post(1000) + b"some") as sock:
        assert refusal(read_all(sock))["status"] == 408


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\xc3T /hello HTTP/1.1\r\nHost: toy\r\n\r\n",
        b"GET /h\xc3llo HTTP/1.1\r\nHost: toy\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nBad name: 1\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /hello HTTP/1.1\r\n" + b"X: 1\r\n" * 600 + b"\r\n",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n",
    ],
)
def test_it_answers_what_is_not_http_with_400(process: Process, request_bytes: bytes) -> None:
    with process.connect() as sock:
        assert refusal(send_until_refused(sock, request_bytes))["status"] == 400


@pytest.mark.parametrize("head", [b"GET /%s HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: %s\r\n"])
def test_it_refuses_a_head_that_is_too_long(process: Process, head: bytes) -> None:
    with process.connect() as sock:
        assert refusal(send_until_refused(sock, head % bytes(20_000)))["status"] == 431


@pytest.mark.parametrize("value", [b"/elsewhere", b"\xff"])
def test_it_lets_no_client_move_the_application(process: Process, value: bytes) -> None:
    with process.ask(post(0, b"Connection: close", b"Daphne-Root-Path: " + value)) as sock:
        assert json.loads(read_all(sock).split(b"\r\n\r\n")[1])["root"] == ""


def test_it_refuses_a_websocket_whose_subprotocol_is_no_text(process: Process) -> None:
    upgrade = b"GET /chatter HTTP/1.1\r\nHost: toy\r\nUpgrade: websocket\r\n"
    with process.ask(upgrade + b"Sec-WebSocket-Protocol: \xff\r\n\r\n") as sock:
        assert sock.recv(12) == b"HTTP/1.1 400"


def test_it_reads_no_further_request_after_a_refusal(process: Process) -> None:
    before = process.report()["requests"]
    with process.ask(b"nonsense\r\n\r\n" + b"GET /hello HTTP/1.1\r\n\r\n" * 3) as sock:
        assert refusal(read_all(sock))["status"] == 400
    assert process.report()["requests"] == before + 1
