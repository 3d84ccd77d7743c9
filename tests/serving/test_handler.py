"""Django's requests share a few threads, and are cleaned up however they end."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

from .process import PATIENCE, Process, read_all, serving

STREAM = b"GET /stream HTTP/1.1\r\nHost: toy\r\n\r\n"


def open_streams(process: Process, number: int) -> list[Any]:
    streams = [process.ask(STREAM) for _ in range(number)]
    process.until(lambda report: report.get("opened") == number)
    return streams


@pytest.mark.parametrize(("stock", "threads"), [(False, range(1, 7)), (True, range(60, 70))])
def test_it_keeps_no_thread_for_an_open_stream(stock: bool, threads: range) -> None:
    with serving(django={"stock": stock}) as process:
        streams = open_streams(process, 60)
        report = process.report()
        assert report["queried"] == 60
        assert report["threads"] in threads
        print(f"60 streams: {report['threads']} threads")
        for sock in streams:
            sock.close()
        report = process.until(lambda report: report.get("closed") == 60)
        process.until(lambda report: report.get("finished", 0) >= 60)


def test_it_gives_a_request_to_a_thread_that_is_not_busy() -> None:
    with serving(django={"threads": 3}) as process, concurrent.futures.ThreadPoolExecutor() as pool:
        blocked = [pool.submit(read_all, process.ask(b"GET /block HTTP/1.0\r\n\r\n")) for _ in "ab"]
        process.until(lambda report: report.get("blocked") == 2)
        names = set()
        for _ in range(12):
            with process.get("/thread") as response:
                names.add(response.read())
        assert len(names) == 1
        with process.get("/let-go") as response:
            assert response.status == 200
        assert all(one.result(PATIENCE).endswith(b"released") for one in blocked)
        for _ in range(12):
            with process.get("/thread") as response:
                names.add(response.read())
        assert names == {b"requests-0_0", b"requests-1_0", b"requests-2_0"}


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_it_closes_streams_that_are_cut(server: str) -> None:
    with serving(server=server, django={}, grace=0.1) as process:
        open_streams(process, 3)
        process.end()
        for _ in range(3):
            process.line("closed")
        process.line("flushed")
        assert "Task" not in process.errors
        assert "Traceback" not in process.errors


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_it_closes_a_stream_in_the_task_that_ran_it(server: str) -> None:
    with serving(server=server, django={}) as process:
        for _ in range(5):
            with process.ask(b"GET /pour HTTP/1.1\r\nHost: toy\r\n\r\n") as sock:
                assert sock.recv(12) == b"HTTP/1.1 200"
        report = process.until(lambda report: report.get("closed in its task", 0) == 5)
        assert "closed elsewhere" not in report


def test_it_lets_tasks_outlive_a_request_only_in_a_context_of_their_own() -> None:
    with serving(django={}) as process:
        with process.get("/leave-behind") as response:
            assert response.read() == b"gone"
        report = process.until(lambda report: report.get("apart") and report["errors"])
        assert "inherited" not in report
        assert "ThreadSensitiveContext has exited" in report["errors"][0]
