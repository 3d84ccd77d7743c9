"""P12: a slow reader costs a cursor: little memory, for a bounded time, and slows nobody."""

from __future__ import annotations

import select
import socket
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
DROPPED_AFTER_S = 6


def never_reads(somebody: Somebody, message: str) -> socket.socket:
    """A connection that asks for the answer and takes nothing of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.settimeout(PATIENCE_S)
    connection.connect((somebody.host, somebody.port))
    connection.sendall(
        f"GET /api/v1/messages/{message}/events HTTP/1.1\r\nHost: {somebody.host}\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer {somebody.token}\r\n\r\n".encode()
    )
    return connection


def is_answered(connection: socket.socket) -> bool:
    return connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"


def dropped(connections: list[socket.socket]) -> int:
    """How many of them are at an end, when all are or nothing more happens."""
    poll, waiting = select.poll(), {one.fileno() for one in connections}
    for fileno in waiting:
        poll.register(fileno, select.POLLRDHUP)
    while waiting and (found := poll.poll(1000 * (DROPPED_AFTER_S + PATIENCE_S))):
        for fileno, _ in found:
            poll.unregister(fileno)
            waiting.discard(fileno)
    return len(connections) - len(waiting)


def rss(site: Site) -> int:
    assert site.process is not None
    return int(psutil.Process(site.process.pid).memory_info().rss)


def expected(script: Script) -> str:
    begun = script.text(script.at)
    return begun + "x" * script.size + script.text()[len(begun) :]


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_forty_who_never_read_cost_little_and_slow_nobody(
    simulator: Simulator, server: str
) -> None:
    limits = {"SLOW_READER_TIMEOUT": str(DROPPED_AFTER_S)}
    with site_with(simulator, server, **limits) as site, ExitStack() as open_connections:
        (alice,) = people(site, 1)
        finished = Script(id=f"finished {server}", fault="huge", at=4, size=SIZE)
        message = alice.answered(alice.conversation(), f"hi {finished}")
        assert alice.resume(message, Reader()).text == expected(finished)

        # Half of them on an answer that has ended, half on one that is about to become large.
        growing = Script(
            id=f"grows {server}", fault="huge", at=4, size=SIZE, tokens=12, first_after=1, tps=8
        )
        asking = alice.ask(alice.conversation(), f"hi {growing}")
        healthy = Reader()
        before = most = rss(site)
        slow = [
            open_connections.enter_context(never_reads(alice, id))
            for id in (message, asking.message_id)
            for _ in range(READERS // 2)
        ]
        assert all(is_answered(one) for one in slow)
        for frame in asking.frames():
            healthy.take(frame)
            most = max(most, rss(site))
        assert healthy.text == expected(growing)
        simulator.wait_for("complete", script=growing.id)
        print(f"{server}: {(most - before) / READERS / 1024:.0f} KiB a reader")
        assert most - before <= READERS * COST

        assert dropped(slow) == READERS
        for id, script in ((message, finished), (asking.message_id, growing)):
            assert alice.resume(id, Reader()).text == expected(script)
