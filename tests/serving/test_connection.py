"""How far a reader is behind, and when it has stalled, by a clock that the test turns."""

# mypy: allow-untyped-calls
# Twisted has types for the half of its methods only.
from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Protocol

from chatsite.connection import HIGH_WATER, LOW_WATER, Connection, Connections, reactor

from .process import PATIENCE

SIZE = 4 * 1024 * 1024


class Clock:
    """As much of an event loop as a connection uses. Flushes happen when the test says so."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def call_soon(self, *_: Any, **__: Any) -> None:
        pass

    def create_future(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()


class Pair:
    """A connection and its reader's socket."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.connections = Connections(timeout=60)
        self.connections.loop = self.clock  # type: ignore[assignment]
        ours, self.reader = socket.socketpair()
        address = ("127.0.0.1", 1)
        self.connection = Connection(self.connections, ours, Protocol(), address, None, 0, reactor)

    def take(self, size: int) -> None:
        """The reader takes so much, and what it made room for is flushed."""
        while size > 0:
            self.connection.doWrite()
            size -= len(self.reader.recv(size))
        self.connection.doWrite()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    with pair.reader:
        yield pair
        pair.connection.abortConnection()
        reactor.runUntilCurrent()


def test_it_has_not_stalled_while_there_is_nothing_to_take(pair: Pair) -> None:
    pair.clock.now = 1000
    assert not pair.connection.stalled(60)
    pair.connection.write(b"short")
    pair.connection.doWrite()
    pair.clock.now = 2000
    assert pair.connection.unsent == 0
    assert not pair.connection.stalled(60)


def test_it_has_stalled_when_nothing_was_taken_for_too_long(pair: Pair) -> None:
    pair.clock.now = 1000
    pair.connection.writeSequence([bytes(SIZE // 2)] * 2)
    pair.connection.doWrite()
    behind = pair.connection.unsent
    assert 0 < behind < SIZE
    pair.clock.now = 1050
    pair.take(512 * 1024)
    assert pair.connection.unsent < behind
    pair.clock.now = 1109
    pair.connection.doWrite()
    pair.connections.drop_stalled()
    reactor.runUntilCurrent()
    assert pair.connection.connected
    pair.clock.now = 1111
    pair.connections.drop_stalled()
    reactor.runUntilCurrent()
    assert not pair.connection.connected
    assert not pair.connections.open


async def test_it_lets_senders_go_on_when_the_reader_has_caught_up(pair: Pair) -> None:
    await pair.connection.room()
    pair.connection.write(bytes(SIZE))
    sender = asyncio.ensure_future(pair.connection.room())
    while pair.connection.unsent >= LOW_WATER:
        await asyncio.sleep(0)
        assert not sender.done()
        pair.take(HIGH_WATER)
    await asyncio.wait_for(sender, PATIENCE)


async def test_it_lets_senders_go_on_when_the_reader_is_gone(pair: Pair) -> None:
    pair.connection.write(bytes(SIZE))
    senders = [asyncio.ensure_future(pair.connection.room()) for _ in range(2)]
    await asyncio.sleep(0)
    pair.connection.abortConnection()
    reactor.runUntilCurrent()
    await asyncio.wait_for(asyncio.gather(*senders), PATIENCE)
