"""P12: a slow reader costs a cursor: little memory, for a bounded time, and slows nobody."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests.api.sites import Somebody, people, site_with
from tests.client import PATIENCE_S, Reader
from tests.simulator import Script, Simulator
from tests.site import Site

READERS = 40
COST = 256 * 1024
SIZE = 8 * 1024 * 1024
DROPPED_AFTER_S = 3


def never_reads(somebody: Somebody, message: str, after: str = "") -> socket.socket:
    """A connection that asks for the answer and takes nothing of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.settimeout(PATIENCE_S)
    connection.connect((somebody.host, somebody.port))
    connection.sendall(
        f"GET /api/v1/messages/{message}/events?after={after} HTTP/1.1\r\nHost: {somebody.host}\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer {somebody.token}\r\n\r\n".encode()
    )
    return connection


def is_answered(connection: socket.socket) -> bool:
    return connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"


def until_dropped(site: Site, connections: list[socket.socket]) -> None:
    """Asks the server's side: a reader that takes nothing does not even take the reset."""
    assert site.process is not None
    server, ours = psutil.Process(site.process.pid), {one.getsockname()[1] for one in connections}
    deadline = time.monotonic() + DROPPED_AFTER_S + PATIENCE_S
    while held := [c for c in server.net_connections("tcp") if c.raddr and c.raddr.port in ours]:
        assert time.monotonic() < deadline, f"{len(held)} were not dropped"
        time.sleep(0.1)


def rss(site: Site) -> int:
    assert site.process is not None
    return int(psutil.Process(site.process.pid).memory_info().rss)


def expected(script: Script) -> str:
    begun = script.text(script.at)
    return begun + "x" * script.size + script.text()[len(begun) :]


def read_all(site: Site, somebody: Somebody, message: str, text: str) -> int:
    """Read as a healthy reader does; the most memory that the server had meanwhile."""
    reader, most = Reader(), rss(site)
    for frame in somebody.follow(message).frames():
        reader.take(frame)
        most = max(most, rss(site))
    assert reader.text == text
    return most


@pytest.fixture
def site(simulator: Simulator) -> Iterator[Site]:
    limits = {"SLOW_READER_TIMEOUT": str(DROPPED_AFTER_S), "MALLOC_ARENA_MAX": "1"}
    with site_with(simulator, **limits) as site:
        yield site


def test_forty_who_never_read_cost_little_and_slow_nobody(site: Site, simulator: Simulator) -> None:
    (alice,) = people(site)
    script = Script(fault="huge", at=4, size=SIZE)
    message = alice.answered(alice.conversation(), f"hi {script}")
    alone = max(read_all(site, alice, message, expected(script)) for _ in range(2))
    with ExitStack() as held:
        slow = [
            held.enter_context(never_reads(alice, message, after))
            for after in ("", "nonsense")
            for _ in range(READERS // 2)
        ]
        assert all(is_answered(one) for one in slow)
        beside = read_all(site, alice, message, expected(script))
        print(f"{(beside - alone) / READERS / 1024:.0f} KiB a reader")
        assert beside - alone <= READERS * COST

        # Nor do they slow an answer that is on its way.
        growing = dataclasses.replace(script, id="grows", first_after=0.5)
        asking = alice.ask(alice.conversation(), f"hi {growing}")
        slow += [held.enter_context(never_reads(alice, asking.message_id)) for _ in range(10)]
        assert asking.into(Reader()).text == expected(growing)
        assert simulator.calls("complete", growing.id)
        until_dropped(site, slow)
    # Whoever was dropped may come back.
    assert alice.resume(asking.message_id, Reader()).text == expected(growing)
