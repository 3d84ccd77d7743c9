"""What is measured: our server as `make run` starts it, and the peer. A fresh process each time."""

from __future__ import annotations

import abc
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.simulator import Script, Simulator

from .client import Broken, call, post

ROOT = Path(__file__).resolve().parent.parent
MODEL = "sim-one"
START_TIMEOUT = 30.0


def cores() -> tuple[set[int], set[int]]:
    """The core of the subject, and those of everything else (the same where there is only one)."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others or [first])


class Subject(abc.ABC):
    """A server under test. ``port`` and ``process`` are those of the running one."""

    name: str
    port: int
    process: psutil.Process

    def __init__(self, simulator: Simulator, scratch: Path) -> None:
        self.scratch = scratch
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ},
            "OPENAI_BASE_URL": simulator.base_url_openai,
            "OPENAI_API_KEY": "bench",
        }

    @abc.abstractmethod
    def command(self) -> list[str]: ...

    def prepare(self) -> None:
        """What a fresh process needs before it starts."""

    @abc.abstractmethod
    def requests(self, count: int, script: Script) -> list[bytes]:
        """Requests for so many streams; what they need is made here, before any measurement."""

    @contextmanager
    def running(self, core: set[int]) -> Iterator[None]:
        """Started alone on ``core``, answering, and ended."""
        self.port = free_port()
        self.prepare()
        with (
            self._log().open("wb") as log,
            subprocess.Popen(
                self.command(), cwd=ROOT, env=self.environment, stdout=log, stderr=log
            ) as server,
        ):
            try:
                os.sched_setaffinity(server.pid, core)
                self.process = psutil.Process(server.pid)
                self._wait(server)
                yield
            except Broken as broken:
                said = self._log().read_text(errors="replace")[-4000:]
                raise Broken(f"{self.name}: {broken}\nIts server said:\n{said}") from None
            finally:
                _end(server)

    def _log(self) -> Path:
        return self.scratch / f"{self.name}.log"

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return
        raise Broken("does not start")

    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children so far."""
        return float(sum(sum(one.cpu_times()[:2]) for one in self.family()))

    def resident_kib(self) -> float:
        return float(sum(one.memory_info().rss for one in self.family())) / 1024


class Unbroken(Subject):
    """SQLite on this disk, synced at every commit; a conversation for every stream."""

    name = "ours"

    def __init__(self, simulator: Simulator, scratch: Path) -> None:
        super().__init__(simulator, scratch)
        self.empty, self.database = scratch / "empty.sqlite3", scratch / "bench.sqlite3"
        self.environment |= {
            "ENV_FILE": os.devnull,
            "SECRET_KEY": secrets.token_hex(),
            "CHAT_MODELS": f"openai/{MODEL}",
            "LOCAL_SERVERS": "",
            "LOG_LEVEL": "WARNING",
        }
        self._token = self._make_empty()

    def _make_empty(self) -> str:
        person = {"DJANGO_SUPERUSER_PASSWORD": secrets.token_hex(), "DJANGO_SUPERUSER_EMAIL": ""}
        self._manage("migrate", "--verbosity=0")
        self._manage("createsuperuser", "--no-input", "--username=bench", **person)
        return self._manage("create_token", "bench", "--name=bench").strip()

    def _manage(self, *command: str, **more: str) -> str:
        environment = {**self.environment, "DATABASE_URL": f"sqlite:///{self.empty}", **more}
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Broken(f"manage.py {command[0]}: {done.stderr[-2000:]}")
        return done.stdout

    def command(self) -> list[str]:
        return [sys.executable, "manage.py", "serve"]

    def prepare(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self.empty, self.database)
        self.environment |= {"DATABASE_URL": f"sqlite:///{self.database}", "PORT": str(self.port)}

    def requests(self, count: int, script: Script) -> list[bytes]:
        return [self._request(script) for _ in range(count)]

    def _request(self, script: Script) -> bytes:
        who = f"Authorization: Bearer {self._token}"
        made = call(self.port, post(self.port, "/api/v1/conversations", b"{}", who))
        path = f"/api/v1/conversations/{json.loads(made)['id']}/messages"
        body = json.dumps({"text": str(script), "model": f"openai/{MODEL}"}).encode()
        return post(self.port, path, body, who, "Accept: text/event-stream")


class Relay(Subject):
    """The plain FastAPI relay."""

    name = "peer"

    def command(self) -> list[str]:
        server = [sys.executable, "-m", "uvicorn", "bench.peer_fastapi:app"]
        return [*server, f"--port={self.port}", "--log-level=warning", "--no-access-log"]

    def requests(self, count: int, script: Script) -> list[bytes]:
        body = json.dumps({"text": str(script), "model": MODEL}).encode()
        return [post(self.port, "/messages", body)] * count


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
