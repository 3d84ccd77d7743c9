"""A deployment: the product's processes as somebody runs them, to be killed one by one."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.api.sites import founded, models_of
from tests.services import Postgres, Redis
from tests.simulator import Simulator
from tests.site import Site

from .chaos import Proxy, Streams, Weather
from .clients import Door
from .founding import found
from .ledger import Ledger

#: Seconds without a byte from the provider, here: so short that a run can wait for it.
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How many processes of which kind, on what."""

    name: str
    webs: int = 1
    workers: int = 0
    postgres: bool = False
    #: ``""`` (none), ``on``, or ``dies`` (in mid-run).
    redis: str = ""

    @property
    def is_alone(self) -> bool:
        """Whether nobody else runs generations when one process dies."""
        return (self.workers or self.webs) == 1


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("sqlite"),
        Shape("sqlite-worker", workers=1),
        Shape("postgres", webs=2, workers=2, postgres=True),
        Shape("postgres-redis", webs=2, workers=2, postgres=True, redis="on"),
        Shape("postgres-redis-dies", webs=2, workers=2, postgres=True, redis="dies"),
    )
}


class Server(Site):
    """A web process, or a worker, which says that it works but has no address."""

    def __init__(self, directory: Path, environment: dict[str, str], role: str) -> None:
        super().__init__(directory, environment)
        self.role = role

    def _command(self) -> list[str]:
        if self.role == "worker":
            return [sys.executable, "manage.py", "run_generations"]
        return super()._command()


class Member(Door):
    """One process of a deployment, through all its lives."""

    def __init__(self, name: str, server: Server, proxy: Proxy) -> None:
        self.name = name
        self.server = server
        self.proxy = proxy
        self.lives = 0
        self.is_paused = False

    @property
    def life(self) -> str:
        return f"{self.name}#{self.lives}"

    @property
    def is_up(self) -> bool:
        process = self.server.process
        return process is not None and process.poll() is None

    async def connect(self, weather: Weather) -> Streams:
        if not weather.is_fair:
            return await self.proxy.connect(weather)
        port = self.proxy.target
        if port is None:
            raise ConnectionRefusedError(self.name)
        return await asyncio.open_connection("127.0.0.1", port)

    async def start(self) -> None:
        """Returns when it answers, or works."""
        self.lives += 1
        await asyncio.to_thread(self.server.start)
        if self.server.role == "web":
            self.proxy.target = int(self.server.url.rsplit(":", 1)[1])

    async def kill(self) -> None:
        self.is_paused = False
        self.proxy.target = None
        if self.is_up:
            await asyncio.to_thread(self.server.kill)
        self.server.process = None  # it may have killed itself

    async def stop(self) -> None:
        """As a deploy does it: it may take its time."""
        self.proxy.target = None
        await asyncio.to_thread(self.server.stop)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)
        self.is_paused = True

    def wake(self) -> None:
        self._signal(signal.SIGCONT)
        self.is_paused = False

    def _signal(self, number: signal.Signals) -> None:
        assert self.server.process is not None
        os.killpg(self.server.process.pid, number)


class Deployment:
    """A running one, with the people who may use it."""

    def __init__(self, shape: Shape, simulator: Simulator, ledger: Ledger, directory: Path) -> None:
        self.shape = shape
        self.simulator = simulator
        self.ledger = ledger
        self.directory = directory
        self.patience_s = PATIENCE_S
        self.members: list[Member] = []
        self.tokens: list[str] = []
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None

    @property
    def webs(self) -> list[Member]:
        return [member for member in self.members if member.server.role == "web"]

    @property
    def said(self) -> str:
        """All that its processes wrote to standard output and error."""
        return "".join(member.server.complaints for member in self.members)


@asynccontextmanager
async def deployed(
    shape: Shape,
    simulator: Simulator,
    *,
    postgres: Postgres | None = None,
    redis: Redis | None = None,
    patience_s: float = PATIENCE_S,
    plant: str = "",
) -> AsyncIterator[Deployment]:
    """A fresh one that answers; every process is gone afterwards.

    ``plant``: ``hooks`` at which its processes kill themselves, ``bugs`` besides, or ``queries``
    to be counted.
    """
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="unbroken-faults-")))
        settings = _settings(simulator, patience_s)
        if plant:
            settings |= {"DJANGO_SETTINGS_MODULE": "tests.faults.plant.settings", "PLANT": plant}
        if shape.postgres:
            assert postgres is not None
            url = settings["DATABASE_URL"] = stack.enter_context(postgres.database())
            tokens = await asyncio.to_thread(found, directory, settings)
        else:
            url = f"sqlite:///{directory / 'unbroken.sqlite3'}"
            template, people = await asyncio.to_thread(founded)
            shutil.copytree(template, directory, dirs_exist_ok=True)
            tokens = [token for _, token in people[:8]]
        deployment = Deployment(shape, simulator, Ledger(url), directory)
        deployment.tokens, deployment.postgres = tokens, postgres
        deployment.patience_s = patience_s
        if shape.redis:
            assert redis is not None
            settings["REDIS_URL"], deployment.redis = redis.url, redis
        if shape.workers:
            settings["RUN_GENERATIONS"] = "0"
        for name, role in _roles(shape):
            proxy = await stack.enter_async_context(Proxy.to(None))
            server = Server(directory, settings, role)
            deployment.members.append(Member(name, server, proxy))
        stack.callback(_end, deployment.members)
        await asyncio.gather(*(member.start() for member in deployment.members))
        yield deployment


def _roles(shape: Shape) -> Sequence[tuple[str, str]]:
    webs = [(f"web{number}", "web") for number in range(1, shape.webs + 1)]
    return [*webs, *((f"worker{number}", "worker") for number in range(1, shape.workers + 1))]


def _settings(simulator: Simulator, patience_s: float) -> dict[str, str]:
    return {
        **models_of(simulator),
        "FIRST_BYTE_TIMEOUT": str(patience_s),
        "STALL_TIMEOUT": str(patience_s),
    }


def _end(members: Sequence[Member]) -> None:
    for member in members:
        if member.is_up:
            if member.is_paused:
                member.wake()
            member.server.kill()
