"""A running simulator as tests see it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode

from .script import Script
from .server import WITH, Server


class Simulator:
    """Where a simulator listens, and what it has been asked.

    The methods block; those that an ``async`` test needs while its own loop must go on have an
    ``a`` before their name.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def base_url_openai(self) -> str:
        return self.url + "/v1"

    @property
    def base_url_anthropic(self) -> str:
        return self.url

    @property
    def base_url_without_tls(self) -> str:
        """``https``, and nobody there speaks TLS: every handshake fails. For both vendors."""
        return f"https://127.0.0.1:{self.port}/v1"

    def refuse(self, seconds: float) -> None:
        """From now on new connections are refused, for so long; streams go on."""
        self._get(f"/_refuse?seconds={seconds}", method="POST")

    def scripted(self, script: Script) -> Simulator:
        """The same simulator at an address that carries a script for whatever is asked there."""
        other = Simulator(self.port)
        other.url += WITH + quote(script.json(), safe="")
        return other

    def calls(self, state: str = "", script: str = "") -> list[dict[str, Any]]:
        """The calls so far, oldest first, as :class:`~.calls.Call` describes them."""
        calls: list[dict[str, Any]] = self._get(
            "/_calls?" + urlencode({"state": state, "script": script})
        )
        return calls

    def clear(self) -> None:
        self._get("/_calls", method="DELETE")

    def wait_for(
        self, state: str, *, script: str = "", count: int = 1, timeout: float = 20
    ) -> list[dict[str, Any]]:
        """The matching calls once there are ``count``. Raises ``TimeoutError`` with all calls."""
        query = {"state": state, "script": script, "count": count, "timeout": timeout}
        calls: list[dict[str, Any]] = self._get("/_calls/wait?" + urlencode(query))
        return calls

    async def acalls(self, state: str = "", script: str = "") -> list[dict[str, Any]]:
        return await asyncio.to_thread(self.calls, state, script)

    async def await_for(
        self, state: str, *, script: str = "", count: int = 1, timeout: float = 20
    ) -> list[dict[str, Any]]:
        return await asyncio.to_thread(
            self.wait_for, state, script=script, count=count, timeout=timeout
        )

    def _get(self, path: str, method: str = "GET") -> Any:
        connection = HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            data = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status == 408:
            raise TimeoutError(f"nothing like {path} among {data}")
        return data


@contextmanager
def simulator_in_thread() -> Iterator[Simulator]:
    """A simulator on a loop of its own in this process."""
    started: Future[int] = Future()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await Server.start()
        started.set_result(server.port)
        try:
            await server.forever()
        finally:
            await server.close()

    task = loop.create_task(run())
    thread = threading.Thread(target=_run, args=(loop, task), name="simulator")
    thread.start()
    try:
        yield Simulator(started.result())
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)


@contextmanager
def simulator_process() -> Iterator[Simulator]:
    """A simulator in a process of its own: for load, and for tests that outlive a server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.simulator", "--port", "0"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield Simulator(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.communicate()
