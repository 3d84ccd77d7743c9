"""Several processes of the product on one database, as an operator would run them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.api.sites import assert_sound, models_of
from tests.client import Client
from tests.simulator import Simulator
from tests.site import Site

#: Names and tokens.
Crowd = list[tuple[str, str]]


class Cluster:
    """Web processes that run nothing themselves, and workers."""

    def __init__(self, webs: list[Site], workers: list[Site], crowd: Crowd) -> None:
        self.webs = webs
        self.workers = workers
        self._strangers = iter(crowd)

    @property
    def processes(self) -> list[Site]:
        return [*self.webs, *self.workers]

    def start(self) -> None:
        """All at once."""
        with ThreadPoolExecutor(len(self.processes)) as pool:
            list(pool.map(Site.start, self.processes))

    def kill(self) -> None:
        for process in self.processes:
            process.kill()

    def person(self) -> list[Client]:
        """A client at each web process, all of one person that no other test knows."""
        _, token = next(self._strangers)
        return [Client(web.url, token) for web in self.webs]

    def said(self, pattern: str) -> int:
        """In how many lines any process said something like it."""
        lines = [line for process in self.processes for line in process.errors]
        return sum(bool(re.search(pattern, line)) for line in lines)

    def assert_sound(self) -> None:
        for process in self.processes:
            assert_sound(process)


@contextmanager
def cluster(
    simulator: Simulator,
    crowd: Crowd,
    webs: int = 2,
    workers: int = 2,
    data_dir: Path | None = None,
    **environment: str,
) -> Iterator[Cluster]:
    """One that answers. Its database has the tables already, and these people."""
    models = {**models_of(simulator), "RUN_GENERATIONS": "false", **environment}
    with TemporaryDirectory(prefix="unbroken-cluster-") as name:

        def site(server: str, number: int) -> Site:
            own = data_dir or Path(name) / f"{server}-{number}"
            own.mkdir(exist_ok=True)
            return Site(own, models, server)

        made = Cluster(
            [site(("daphne", "uvicorn")[number % 2], number) for number in range(webs)],
            [site("worker", number) for number in range(workers)],
            crowd,
        )
        try:
            made.start()
            yield made
        finally:
            made.kill()
