"""A commit whose answer is lost was made: it is neither made again nor taken for refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.api.problems import assert_problem
from tests.api.sites import assert_sound, site_with
from tests.services import Postgres
from tests.simulator import Script, Simulator
from tests.site import Site

from .watching import watching

CUTS = 12


class Line:
    """A way to PostgreSQL that breaks, when told to, right behind a COMMIT: its answer is lost."""

    def __init__(self, port: int) -> None:
        self.cuts = 0
        self._to = port
        self._armed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(thread := threading.Thread(target=work, args=arguments, daemon=True))
        thread.start()

    def arm(self) -> None:
        """The next COMMIT's answer is lost."""
        self._armed.set()

    def cut_next(self) -> None:
        """Returns when it was cut."""
        before = self.cuts
        self.arm()
        deadline = time.monotonic() + 20
        while self.cuts == before:
            assert time.monotonic() < deadline, "nobody commits"
            time.sleep(0.01)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                lost = threading.Event()
                for way in ((client, server, True, lost), (server, client, False, lost)):
                    self._begin(self._carry, *way)

    def _carry(
        self, source: socket.socket, sink: socket.socket, asks: bool, lost: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asks and b"COMMIT" in data and self._armed.is_set():
                    self._armed.clear()
                    lost.set()  # before it is asked: what comes back is for nobody
                if not asks and lost.is_set():
                    self.cuts += 1
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


@contextmanager
def line_to(postgres: Postgres) -> Iterator[Line]:
    line = Line(postgres.port)
    try:
        yield line
    finally:
        line.close()


@pytest.fixture
def line(postgres: Postgres) -> Iterator[Line]:
    with line_to(postgres) as line:
        yield line


@pytest.fixture
def site(
    line: Line, postgres: Postgres, simulator: Simulator, database_url: str, tmp_path: Path
) -> Iterator[Site]:
    Site(tmp_path, {"DATABASE_URL": database_url}).manage("migrate", "--verbosity", "0")
    through = database_url.replace(f":{postgres.port}/", f":{line.port}/")
    with site_with(simulator, DATABASE_URL=through) as site:
        yield site


def test_answers_go_on_as_if_nothing_had_been(site: Site, line: Line, simulator: Simulator) -> None:
    alice = site.person("alice")
    watches = watching(alice, "lost commit", 3, tokens=400, tps=60)
    for _ in range(CUTS):
        line.cut_next()
    for watch in watches:
        watch.assert_whole(simulator)
        assert watch.drops == 0
    assert_sound(site)
    assert "refused" not in site.complaints
    assert "taken over" not in site.complaints


def test_who_asked_may_ask_again_and_is_answered_once(
    site: Site, line: Line, simulator: Simulator
) -> None:
    alice = site.person("alice")
    script = Script(id="lost question", tokens=20)
    path = f"/api/v1/conversations/{alice.conversation()}/messages"
    question, key = {"text": f"hi {script}"}, {"Idempotency-Key": "lost"}
    line.arm()
    assert_problem(alice.call("POST", path, question, key), 503)
    assert line.cuts == 1
    answer = alice.call("POST", path, question, key)
    assert answer.status == 200
    assert answer.json["parts"][0]["text"] == script.text()
    assert len(simulator.calls(script=script.id)) == 1
    assert len(alice.call("GET", path).json["items"]) == 2
