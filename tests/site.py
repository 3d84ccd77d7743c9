"""A site: the product in a process of its own, started as a person starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .client import Client

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a long walk by the sea"
#: What a process says when it is there: a web process where, a worker that.
READY = re.compile(r"http://[\w.:\[\]]+:\d+|^Unbroken runs")


class Site:
    """One data directory, and the server process on it (which may be killed and started again).

    ``server``: ``daphne``, ``uvicorn``, or ``worker`` for one that only runs generations. Several
    may share a data directory, or a ``DATABASE_URL``.
    """

    def __init__(self, data_dir: Path, environment: dict[str, str], server: str = "daphne") -> None:
        self.data_dir = data_dir
        self.server = server
        self.environment = {**os.environ, "DATA_DIR": str(data_dir), **environment, "PORT": "0"}
        self.process: subprocess.Popen[str] | None = None
        self.errors: list[str] = []
        self.url = ""

    # ------------------------------------------------------------------- its process
    def start(self) -> None:
        """Returns when it answers."""
        self.process = subprocess.Popen(
            self._command(),
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        found = threading.Event()
        for pipe in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self._listen, args=(pipe, found), daemon=True).start()
        if not found.wait(30):
            self.kill()
            raise RuntimeError(f"it did not start: {''.join(self.errors)}")

    def _command(self) -> list[str]:
        if self.server == "daphne":
            return [sys.executable, "manage.py", "serve"]
        if self.server == "worker":
            return [sys.executable, "manage.py", "run_generations"]
        uvicorn = [sys.executable, "-m", "uvicorn", "chatsite.asgi:application", "--port", "0"]
        return [*uvicorn, "--timeout-graceful-shutdown", "5"]

    def _listen(self, pipe: Any, found: threading.Event) -> None:
        with pipe:
            for line in pipe:
                self.errors.append(line)
                if not found.is_set() and (url := READY.search(line)):
                    self.url = url[0]
                    found.set()

    def kill(self) -> None:
        """As a crash does it: no goodbye."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """As a deployment does it. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            self.process = None

    @property
    def complaints(self) -> str:
        """What it wrote to standard error and output."""
        return "".join(self.errors)

    # ---------------------------------------------------------------------- its people
    def manage(self, *arguments: str) -> str:
        """Run a management command beside it."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def person(self, username: str, **fields: Any) -> Client:
        """Make an account and a client that holds a token of it."""
        script = (
            "import json, sys; from conversations.models import Person, ApiToken\n"
            f"who = Person.objects.create_user({username!r}, password={PASSWORD!r},"
            f" **json.loads({json.dumps(json.dumps(fields))}))\n"
            "print(ApiToken.issue(who, 'test')[1])"
        )
        return Client(self.url, token=self.manage("shell", "--no-imports", "-c", script))


@contextmanager
def running_site(server: str = "daphne", **environment: str) -> Iterator[Site]:
    """A fresh site that answers."""
    with tempfile.TemporaryDirectory(prefix="unbroken-site-") as directory:
        site = Site(Path(directory), environment, server)
        site.manage("migrate", "--verbosity", "0")
        site.start()
        try:
            yield site
        finally:
            site.kill()
