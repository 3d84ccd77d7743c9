"""The orderly end: readers are told, what is in flight is flushed, nothing hangs."""

from __future__ import annotations

import signal
import time

import pytest

from .process import read_all, serving

STREAM = b"GET /stream HTTP/1.1\r\nHost: toy\r\n\r\n"
GOODBYE = b'event: reconnect\ndata: {"retry_in_ms": 100}\n\n\r\n0\r\n\r\n'
#: uvicorn dies of the signal again, once it has ended in order.
CODES = {"daphne": 0, "uvicorn": -signal.SIGTERM}
SERVERS = list(CODES)


@pytest.mark.parametrize("server", SERVERS)
def test_it_tells_every_reader_to_come_back_and_flushes(server: str) -> None:
    with serving(server=server) as process:
        streams = [process.ask(STREAM) for _ in range(20)]
        for sock in streams:
            assert sock.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
        code = process.end()
        assert all(read_all(sock).endswith(GOODBYE) for sock in streams)
        process.line("flushed")
        assert code == CODES[server]
        assert process.errors.count("ERROR") == 0
        print(f"{server}: {time.monotonic() - began:.2f} s")


@pytest.mark.parametrize("server", SERVERS)
def test_it_cuts_what_does_not_end_and_still_flushes(server: str) -> None:
    with serving(server=server, grace=0.2) as process:
        stuck = process.ask(b"GET /stuck HTTP/1.1\r\nHost: toy\r\n\r\n")
        stream = process.ask(STREAM)
        process.until(lambda report: report.get("stuck"))
        assert process.end() == CODES[server]
        assert read_all(stream).endswith(GOODBYE)
        assert not read_all(stuck).endswith(b"0\r\n\r\n")
        process.line("flushed")
        assert "Cut 1 calls" in process.errors


@pytest.mark.parametrize("server", SERVERS)
def test_it_does_not_wait_for_a_reader_that_does_not_read(server: str) -> None:
    with serving(server=server, grace=0.2) as process:
        process.ask(b"GET /big HTTP/1.1\r\nHost: toy\r\n\r\n")
        process.until(lambda report: report.get("big"))
        assert process.end() == CODES[server]
        process.line("flushed")


@pytest.mark.parametrize("server", SERVERS)
def test_it_takes_no_new_work_while_it_drains(server: str) -> None:
    with serving(server=server, grace=0.5) as process:
        stuck = process.ask(b"GET /stuck HTTP/1.1\r\nHost: toy\r\n\r\n")
        idle = process.ask(b"GET /hello HTTP/1.1\r\nHost: toy\r\n\r\n")
        half = process.ask(b"GET /report HTTP/1.1\r\nHost: toy\r\n")
        process.until(lambda report: report.get("stuck"))
        process.popen.send_signal(signal.SIGTERM)
        assert read_all(idle).endswith(b'"hello"')
        if server == "daphne":  # uvicorn closes this one
            half.sendall(b"\r\n")
            assert b'"draining": true' in read_all(half)
        with pytest.raises(ConnectionRefusedError):
            process.connect()
        assert stuck.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize(
    ("server", "number"),
    [("daphne", signal.SIGTERM), ("daphne", signal.SIGINT), ("uvicorn", signal.SIGTERM)],
)
def test_it_ends_at_once_at_the_second_signal(server: str, number: signal.Signals) -> None:
    with serving(server=server, grace=600) as process:
        stream = process.ask(STREAM)
        process.ask(b"GET /stuck HTTP/1.1\r\nHost: toy\r\n\r\n")
        process.until(lambda report: report.get("stuck"))
        process.popen.send_signal(number)
        assert GOODBYE in read_all(stream)
        assert process.end(number) == -number


@pytest.mark.parametrize("server", SERVERS)
def test_it_gives_the_flush_a_limited_time(server: str) -> None:
    with serving(server=server, life="hanging", limit=0.2) as process:
        code = process.end()
        assert code == (1 if server == "daphne" else CODES[server])
        assert "TimeoutError" in process.errors
