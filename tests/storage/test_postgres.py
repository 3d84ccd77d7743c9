"""PostgreSQL restarted, cut off, gone, frozen, full of others, read-only: nobody restarts us."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from tests import services
from tests.api.problems import assert_problem
from tests.api.sites import assert_sound, site_with
from tests.client import Client
from tests.services import Postgres
from tests.simulator import Script, Simulator
from tests.site import Site

from .watching import watching

#: `AWAY_S=30 pytest tests/storage/test_postgres.py` is what the release run takes.
AWAY_S = float(os.environ.get("AWAY_S", "6"))
Fault = Callable[[Postgres], AbstractContextManager[None]]


@contextmanager
def restarted(postgres: Postgres) -> Iterator[None]:
    postgres.restart()
    yield


@contextmanager
def crashed(postgres: Postgres) -> Iterator[None]:
    """Its parent process is killed, and the others go with it; it recovers when it is started."""
    postgres.kill()
    postgres.start()
    yield


@contextmanager
def gone(postgres: Postgres) -> Iterator[None]:
    postgres.stop()
    try:
        yield
        time.sleep(AWAY_S)
    finally:
        postgres.start()


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """Every process of it stands still; connections stay, and nothing is ever answered."""
    assert postgres.process is not None
    parent = psutil.Process(postgres.process.pid)
    processes = [parent, *parent.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        time.sleep(AWAY_S)
    finally:
        for process in processes:
            process.resume()
    yield


@contextmanager
def cut_off(postgres: Postgres) -> Iterator[None]:
    """An administrator ends every connection, again and again."""
    for _ in range(10):
        _end_all(postgres)
        time.sleep(0.2)
    yield


@contextmanager
def crowded_out(postgres: Postgres) -> Iterator[None]:
    """Others have all the connections that there are."""
    with ExitStack() as others:
        _end_all(postgres)
        while True:
            try:
                others.enter_context(psycopg.connect(postgres.url(), autocommit=True))
            except psycopg.OperationalError:
                break
        with others.pop_all() as held:
            assert held is not None
            yield
            time.sleep(2)


@contextmanager
def read_only(postgres: Postgres) -> Iterator[None]:
    """As a stand-by is, or one whose disk is about to be full."""
    _set_read_only(postgres, "on")
    try:
        yield
        time.sleep(2)
    finally:
        _set_read_only(postgres, "off")


def _end_all(postgres: Postgres) -> None:
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def _set_read_only(postgres: Postgres, how: str) -> None:
    mine = "-c default_transaction_read_only=off"
    with psycopg.connect(postgres.url(), autocommit=True, options=mine) as connection:
        if how == "on":
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        else:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        connection.execute("SELECT pg_reload_conf()")


#: Where a question may be answered all the same: what it meets is over soon.
BRIEF = (restarted, crashed, frozen, cut_off)


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    with services.own(partial(Postgres, max_connections="20")) as service:
        yield service


@pytest.fixture(scope="module")
def site(
    own: Postgres, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with own.database() as url:
        settings = {"DATABASE_URL": url}
        Site(tmp_path_factory.mktemp("founding"), settings).manage("migrate", "--verbosity", "0")
        with site_with(simulator, **settings) as site:
            yield site


@pytest.fixture(scope="module")
def alice(site: Site) -> Client:
    return site.person("alice")


@pytest.mark.parametrize(
    "fault", [restarted, crashed, gone, frozen, cut_off, crowded_out, read_only]
)
def test_answers_and_readers_wait_and_requests_are_told(
    own: Postgres, site: Site, alice: Client, simulator: Simulator, fault: Fault
) -> None:
    name = fault.__name__
    watches = watching(alice, f"postgres {name}", 3, tokens=250, tps=60)
    conversation = alice.conversation()
    assert site.process
    pid = site.process.pid
    script = Script(id=f"asked while postgres is {name}", tokens=10)
    question, key = {"text": f"hi {script}"}, {"Idempotency-Key": name}
    path = f"/api/v1/conversations/{conversation}/messages"
    with fault(own):
        answer = alice.call("POST", path, question, key)
        if fault not in BRIEF:
            assert_problem(answer, 503)
            ready = alice.call("GET", "/readyz")
            assert ready.status == (200 if fault is read_only else 503)
    while answer.status == 503:  # the key makes it safe
        assert_problem(answer, 503)
        time.sleep(float(answer.headers["retry-after"]) / 2)
        answer = alice.call("POST", path, question, key)
    assert answer.json["parts"][0]["text"] == script.text()
    for watch in watches:
        watch.assert_whole(simulator)
        assert watch.drops == 0
    assert len(simulator.calls(script=script.id)) == 1
    assert (site.process.pid, site.process.poll()) == (pid, None)
    print(f"{name}: the longest gap was {max(one.longest_gap_s for one in watches):.1f} s")


def test_a_server_that_starts_without_its_database_serves_when_it_comes(
    own: Postgres, site: Site, alice: Client, simulator: Simulator, tmp_path: Path
) -> None:
    second = Site(tmp_path, site.environment)
    own.stop()
    try:
        second.start()
        client = Client(second.url, alice.token)
        assert_problem(client.call("GET", "/api/v1/conversations"), 503)
        assert client.call("GET", "/healthz").status == 200
    finally:
        own.start()
    watches = watching(client, "after all", 2, tokens=20, tps=0)
    for watch in watches:
        watch.assert_whole(simulator)
    assert_sound(second)
    assert second.stop() == 0
