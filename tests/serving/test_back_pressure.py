"""A slow reader costs a cursor (P12): a bounded piece of memory, for a bounded time."""

from __future__ import annotations

import hashlib
import json
import time

import pytest

from .process import Process, read_all, serving
from .toy import BIG, CHUNK, MIB

GET_BIG = b"GET /big HTTP/1.1\r\nHost: toy\r\n\r\n"
READERS = 40
SERVERS = ["daphne", "uvicorn"]


def read_big(process: Process) -> float:
    """Read the 40 MiB as a healthy reader does; the seconds that it took."""
    began = time.monotonic()
    with process.get("/big") as response:
        digest, size = hashlib.sha256(), 0
        while data := response.read(MIB):
            digest.update(data)
            size += len(data)
    assert size == BIG
    assert digest.digest() == hashlib.sha256(CHUNK * (BIG // len(CHUNK))).digest()
    return time.monotonic() - began


@pytest.mark.parametrize("server", SERVERS)
def test_it_lets_readers_that_never_read_cost_little_and_slow_nobody(server: str) -> None:
    with serving(server=server) as process:
        read_big(process)
        alone = read_big(process)
        before = process.report()
        readers = [process.ask(GET_BIG) for _ in range(READERS)]
        process.until(lambda report: report["big"] == before["big"] + READERS)
        beside = read_big(process)
        cost = (process.report()["rss"] - before["rss"]) / READERS
        print(
            f"{server}: {cost / 1024:.0f} KiB a reader; alone {alone:.2f} s, beside {beside:.2f} s"
        )
        assert cost <= 256 * 1024
        for reader in readers:
            reader.close()
        process.until(lambda report: report["disconnects"] == READERS)


@pytest.mark.parametrize("server", SERVERS)
def test_it_drops_a_reader_that_takes_nothing(server: str) -> None:
    with serving(server=server, write_timeout=0.5) as process:
        readers = [process.ask(GET_BIG) for _ in range(3)]
        process.until(lambda report: report.get("disconnects") == 3)
        assert all(len(read_all(reader)) < BIG for reader in readers)


def test_it_makes_a_talker_on_a_websocket_wait_too() -> None:
    upgrade = (
        b"GET /chatter HTTP/1.1\r\nHost: toy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with serving(write_timeout=1.0) as process, process.ask(upgrade) as reader:
        assert reader.recv(12) == b"HTTP/1.1 101"
        process.until(lambda report: report.get("said"))
        said = -1
        while said != (said := process.report()["said"]):
            time.sleep(0.1)
        assert said * len(CHUNK) < 8 * MIB
        process.until(lambda report: report["said"] > said)  # dropped: nobody to wait for
        assert len(read_all(reader)) <= said * len(CHUNK) * 1.01


def test_it_asks_the_kernel_for_short_queues_and_prompt_packets() -> None:
    options = {"TCP_NODELAY": 1, "TCP_NOTSENT_LOWAT": 64 * 1024, "TCP_USER_TIMEOUT": 7000}
    with serving(write_timeout=7.0) as process, process.get("/sockets") as response:
        assert json.load(response) == options
