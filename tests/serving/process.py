"""A server process and what one can ask of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

#: How long anything may take that has no reason to take long.
PATIENCE = 20.0


class Process:
    """A toy server. Lines of its standard output come in order from ``line()``."""

    def __init__(self, how: dict[str, Any], module: str = "tests.serving") -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", module, json.dumps(how)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._clients = contextlib.ExitStack()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.popen.stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self.popen.stderr, self._errors.append)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe: Any, keep: Callable[[str], None]) -> None:
        with pipe:
            for line in pipe:
                keep(line)

    def line(self, pattern: str) -> re.Match[str]:
        """Wait for the next line that matches."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {pattern!r}; errors: {self.errors}") from None
            if found := re.search(pattern, line):
                return found

    def opened(self) -> Process:
        """Wait for the line that says where it is open."""
        self.port = int(self.line(r"open at http://\S+:(\d+)/")[1])
        return self

    def error(self, pattern: str) -> None:
        """Wait until standard error says this."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.errors):
            assert time.monotonic() < deadline, self.errors
            time.sleep(0.01)

    @property
    def errors(self) -> str:
        """Standard error so far."""
        return "".join(self._errors)

    def connect(self, receive_buffer: int | None = None) -> socket.socket:
        sock = self._clients.enter_context(socket.socket())
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", self.port))
        return sock

    def ask(self, data: bytes, receive_buffer: int | None = None) -> socket.socket:
        """A connection on which this was sent."""
        sock = self.connect(receive_buffer)
        sock.sendall(data)
        return sock

    @contextlib.contextmanager
    def get(self, path: str, method: str = "GET") -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path)
            with connection.getresponse() as response:
                yield response

    def report(self) -> dict[str, Any]:
        with self.get("/report") as response:
            value: dict[str, Any] = json.load(response)
            return value

    def until(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Ask for reports until one fulfils the condition."""
        deadline = time.monotonic() + PATIENCE
        while not condition(report := self.report()):
            assert time.monotonic() < deadline, f"{report}; errors: {self.errors}"
            time.sleep(0.02)
        return report

    def end(self, *signals: int) -> int:
        """Signal it (SIGTERM when none is given), and wait for its exit code."""
        for number in signals or (signal.SIGTERM,):
            self.popen.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.popen.wait(PATIENCE)
        for reader in self._readers:
            reader.join()
        return code

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.wait()
        self._clients.close()


@contextlib.contextmanager
def serving(**how: Any) -> Iterator[Process]:
    """An open server, killed afterwards if it still runs."""
    with started(**how) as process:
        process.opened()
        if how.get("server") == "uvicorn":
            process.report()  # its socket is open before it listens to signals
        yield process


@contextlib.contextmanager
def started(**how: Any) -> Iterator[Process]:
    """A server that may or may not open."""
    process = Process(how)
    try:
        yield process
    finally:
        process.close()


def read_all(sock: socket.socket) -> bytes:
    """Everything until the server closes or resets the connection."""
    data = bytearray()
    with sock, contextlib.suppress(ConnectionResetError):
        while more := sock.recv(65536):
            data += more
    return bytes(data)
