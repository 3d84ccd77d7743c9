"""A new version goes live while people read: nobody notices more than a short pause."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.api.sites import Somebody, assert_sound, people, site_with
from tests.client import Client
from tests.simulator import Script, Simulator
from tests.site import Site
from tests.storage.faults import locked
from tests.storage.watching import Watch, watching

from .process import read_all
from .round_robin import round_robin

#: `STREAMS=200 pytest tests/serving/test_deploys.py` is the size of the release run.
STREAMS = int(os.environ.get("STREAMS", "40"))
CODES = {"daphne": 0, "uvicorn": -15}
SERVERS = list(CODES)


@contextmanager
def second_of(first: Site) -> Iterator[Site]:
    """Another process of the same site."""
    second = Site(first.data_dir, first.environment, first.server)
    second.start()
    try:
        yield second
        assert_sound(second)
    finally:
        second.kill()


def deployed(site: Site) -> float:
    """Stop it as a deployment does, and start its successor. Seconds that the stop took."""
    began = time.monotonic()
    assert site.stop() == CODES[site.server]
    took = time.monotonic() - began
    site.start()
    return took


def report(what: str, watches: list[Watch], stops: list[float]) -> None:
    gaps = sorted(watch.longest_gap_s for watch in watches)
    drops = sum(watch.drops for watch in watches)
    print(
        f"{what}: {len(watches)} streams, 0 failed, {drops} came back; longest gap p50"
        f" {gaps[len(gaps) // 2]:.2f} s, most {gaps[-1]:.2f} s; stops took"
        f" {', '.join(f'{stop:.1f}' for stop in stops)} s"
    )


@pytest.mark.parametrize("server", SERVERS)
def test_a_rolling_deploy_fails_no_stream(simulator: Simulator, server: str) -> None:
    with (
        site_with(simulator, server) as first,
        second_of(first) as second,
        round_robin(first, second) as proxy,
    ):
        (alice,) = people(first)
        alice = Somebody(proxy.url, alice.token, alice.username)
        count = STREAMS if server == "daphne" else STREAMS // 4
        tps = min(20, 2000 / count)  # in all, what two processes can do beside their providers
        watches = watching(alice, f"rolling {server}", count, tokens=300 + 2 * count, tps=tps)
        for watch in watches:
            watch.longest_gap_s = 0
        stops = [deployed(first), deployed(second)]
        for watch in watches:
            watch.assert_whole(simulator, calls=None)
        report(f"rolling deploy on {server}", watches, stops)


@pytest.mark.parametrize("server", SERVERS)
def test_a_single_process_may_be_replaced(simulator: Simulator, server: str) -> None:
    with site_with(simulator, server) as site, round_robin(site) as proxy:
        (alice,) = people(site)
        alice = Somebody(proxy.url, alice.token, alice.username)
        watches = watching(alice, f"alone {server}", 10, tokens=200, tps=25)
        for watch in watches:
            watch.longest_gap_s = 0
        stops = [deployed(site)]
        for watch in watches:
            watch.assert_whole(simulator, calls=None)
        report(f"one process replaced on {server}", watches, stops)


def half_asked(alice: Client, path: str, body: bytes) -> socket.socket:
    """A connection on which the whole request was sent but for its last byte."""
    connection = socket.create_connection((alice.host, alice.port or 0), timeout=20)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {alice.host}\r\nAuthorization: Bearer {alice.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[:-1])
    return connection


def accepts(alice: Client) -> bool:
    with suppress(ConnectionRefusedError):
        socket.create_connection((alice.host, alice.port or 0), timeout=20).close()
        return True
    return False


def test_what_is_asked_while_it_closes_is_told_to_come_again(simulator: Simulator) -> None:
    with site_with(simulator) as site:
        (alice,) = people(site)
        path = f"/api/v1/conversations/{alice.conversation()}/messages"
        question = json.dumps({"text": f"hi {Script(id='too late')}"}).encode()
        assert site.process is not None
        with (
            locked(site),  # what waits for it keeps the server open for a moment
            half_asked(alice, path, question) as asking,
            half_asked(alice, "/api/v1/conversations", b"{}") as waiting,
            socket.create_connection((alice.host, alice.port or 0), timeout=20) as ready,
        ):
            ready.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n")
            waiting.sendall(b"}")
            time.sleep(0.5)
            site.process.terminate()
            while accepts(alice):
                time.sleep(0.01)
            ready.sendall(b"\r\n")
            asking.sendall(question[-1:])
            for connection in (ready, asking):
                answer = read_all(connection)
                assert answer.startswith(b"HTTP/1.1 503"), answer
                assert b"Retry-After" in answer
                assert b"Connection: close" in answer
        assert site.process.wait(20) == 0
        site.process = None
        assert not simulator.calls(script="too late")
