"""Services: a real PostgreSQL and a real Redis, each started when a test first asks for it.

Both listen on loopback and are gone after the run. Where one is not installed, its tests skip.
"""

from __future__ import annotations

import abc
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import LiteralString, TypeVar
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

#: How long a service may take to answer, on a busy machine.
PATIENCE_S = 60.0
POSTGRES_BINARIES = "/usr/lib/postgresql"


class Missing(Exception):
    """Names the program that is not installed."""


class Service(abc.ABC):
    """A server process with a directory of its own. It keeps its port when it is started again."""

    def __init__(self, name: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"unbroken-{name}-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def _command(self) -> list[str]: ...

    @abc.abstractmethod
    def answers(self) -> bool:
        """Whether it can be asked something now."""

    @property
    def user(self) -> str | None:
        """Who it runs as; ``None`` is whoever runs the tests."""
        return None

    def start(self) -> None:
        """Returns when it answers. What a killed one left behind may keep it from it at first."""
        deadline = time.monotonic() + PATIENCE_S
        with (self.directory / "log").open("ab") as log:
            while not (self.is_running and self.answers()):
                if time.monotonic() > deadline:
                    said = (self.directory / "log").read_text()
                    raise RuntimeError(f"{type(self).__name__} does not answer:\n{said[-3000:]}")
                if not self.is_running:
                    self.process = subprocess.Popen(
                        self._command(),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                        user=self.user,
                        cwd=self.directory,
                    )
                time.sleep(0.03)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, number: signal.Signals) -> None:
        """Send it a signal that ends it, and wait until it is gone."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_S)
            self.process = None

    def kill(self) -> None:
        """As a crash does it."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """At once, in order: clients are cut off."""
        self.end(signal.SIGINT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        if self.process is not None and self.is_running:
            self.process.send_signal(signal.SIGCONT)  # a test may have paused it
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


S = TypeVar("S", bound=Service)


class Postgres(Service):
    """A cluster whose databases last for a test each."""

    _numbers = count(1)

    def __init__(self, **options: str) -> None:
        """``options`` are of postgresql.conf, as ``max_connections="20"``."""
        self._binaries = postgres_binaries()
        self._options = {
            "max_connections": "200",
            "shared_buffers": "16MB",
            "fsync": "off",  # what a killed process has written, the system still has
        } | options
        super().__init__("postgres")
        if self.user is not None:
            shutil.chown(self.directory, self.user)
        arguments = ["--pgdata=data", "--username=unbroken", "--auth=trust", "--encoding=UTF8"]
        subprocess.run(
            [self._binaries / "initdb", *arguments, "--no-locale", "--no-sync"],
            check=True,
            capture_output=True,
            user=self.user,
            cwd=self.directory,
        )

    @property
    def user(self) -> str | None:
        """It refuses to run as root."""
        if os.getuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    def _command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **self._options,
        }
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._binaries / "postgres"), "-D", "data", *flags]

    def url(self, name: str = "postgres") -> str:
        return f"postgres://unbroken@127.0.0.1:{self.port}/{name}"

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: LiteralString, *names: str) -> None:
        """Run one on the cluster; ``{}`` in it stand for names of databases."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            text = sql.SQL(statement)
            connection.execute(text.format(*map(sql.Identifier, names)))

    @contextmanager
    def database(self, like: str = "template1") -> Iterator[str]:
        """The URL of a fresh database, a copy of the one named; gone afterwards."""
        name = f"test_{next(self._numbers)}"
        self.execute("CREATE DATABASE {} TEMPLATE {}", name, like)
        try:
            yield self.url(name)
        finally:
            if not self.is_running:
                self.start()  # the test may have left it as it liked
            self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


class Redis(Service):
    """It keeps nothing on disk."""

    def __init__(self) -> None:
        found = shutil.which("redis-server")
        if found is None:
            raise Missing("redis-server")
        self._binary = found
        super().__init__("redis")

    def _command(self) -> list[str]:
        port = ["--port", str(self.port), "--bind", "127.0.0.1"]
        return [self._binary, *port, "--save", "", "--appendonly", "no"]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        try:
            return self.command("PING").startswith(b"+PONG")
        except OSError:
            return False

    def command(self, *words: str) -> bytes:
        """What it says to a short command, as it says it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            line.sendall(f"{' '.join(words)}\r\n".encode())
            return line.recv(65536)


def postgres_binaries() -> Path:
    """Where the newest PostgreSQL server is. Raises :class:`Missing`."""
    versions = [path for path in Path(POSTGRES_BINARIES).glob("*") if path.name.isdigit()]
    for version in sorted(versions, key=lambda path: int(path.name), reverse=True):
        if (version / "bin" / "postgres").exists():
            return version / "bin"
    if (found := shutil.which("postgres")) and shutil.which("initdb"):
        return Path(found).parent
    raise Missing("postgresql")


def database_name(url: str) -> str:
    """The last part of a ``DATABASE_URL``."""
    return re.sub("^/", "", urlsplit(url).path)


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def own(kind: Callable[[], S]) -> Iterator[S]:
    """One that its user may break: started, and gone afterwards."""
    try:
        service = kind()
    except Missing as missing:
        pytest.skip(f"{missing} is not installed")
    try:
        service.start()
        yield service
    finally:
        service.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The run's own cluster. Whoever breaks it takes one of their own: ``own(Postgres)``."""
    with own(Postgres) as service:
        yield service


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """A ``DATABASE_URL`` of an empty database that is this test's alone."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """The run's own Redis. Whoever breaks it takes one of their own: ``own(Redis)``."""
    with own(Redis) as service:
        yield service


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """A ``REDIS_URL`` with nothing in it."""
    redis_server.command("FLUSHALL")
    return redis_server.url
