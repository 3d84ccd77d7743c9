"""What someone sees who starts a server."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import pytest

from chatsite.lifespan import Lifespan
from streaming.shutdown import Shutdown

from . import toy
from .process import serving, started


def test_it_says_where_it_is_open_once_it_is() -> None:
    with started() as process:
        process.line("entered")
        process.opened()
        assert process.report()["requests"] == 1
        assert process.end() == 0
        assert process.errors == ""


def test_it_listens_on_ipv6() -> None:
    with started(host="::1") as process:
        port = int(process.line(r"open at http://\[::1\]:(\d+)/")[1])
        socket.create_connection(("::1", port)).close()
        assert process.end() == 0


def test_it_says_in_one_line_that_the_address_is_in_use() -> None:
    with serving() as first, started(port=first.port) as second:
        assert second.wait() == 1
        assert second.errors == (
            f"Cannot listen on 127.0.0.1 port {first.port}: Address already in use.\n"
        )
        assert first.report()["requests"] == 1


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1"])
def test_it_says_in_one_line_that_there_is_no_such_address(host: str) -> None:
    with started(host=host) as process:
        assert process.wait() == 1
        assert process.errors.startswith(f"Cannot listen on {host} port 0: ")
        assert process.errors.count("\n") == 1


def test_it_does_not_open_when_the_application_cannot_start() -> None:
    with started(life="failing") as process:
        assert process.wait() == 1
        assert process.errors.endswith("Startup failed: RuntimeError: meant not to start\n")


def test_it_can_be_stopped_while_it_starts() -> None:
    with started(life="slow") as process:
        process.line("entered")
        assert process.end(signal.SIGTERM) == 0


async def test_it_starts_with_the_first_request_where_the_server_knows_no_lifespan() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    shutdown = Shutdown()
    lifespan = Lifespan(toy.app, toy.running, shutdown)
    hello = {"type": "http", "path": "/hello"}
    async with asyncio.TaskGroup() as calls:
        for _ in range(3):
            calls.create_task(lifespan(hello, None, send))
    assert [message.get("body") for message in sent if "body" in message] == [b'"hello"'] * 3
    await lifespan.end()
    assert shutdown.draining


async def test_it_answers_nothing_when_it_could_not_start() -> None:
    lifespan = Lifespan(toy.app, toy.failing, Shutdown())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="meant not to start"):
            await lifespan({"type": "http", "path": "/hello"}, None, None)
