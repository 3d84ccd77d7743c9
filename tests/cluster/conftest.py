"""Clusters that tests share, one of each shape, started when first asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.api.conftest import pytest_runtest_call, pytest_runtest_setup
from tests.api.sites import found, founded
from tests.services import Postgres, Redis, database_name
from tests.simulator import Simulator
from tests.site import Site

from .cluster import Cluster, Crowd, cluster

__all__ = ["pytest_runtest_call", "pytest_runtest_setup"]


@pytest.fixture(scope="session")
def with_people(postgres: Postgres) -> Iterator[tuple[str, Crowd]]:
    """The name of a PostgreSQL database with tables and people, to be copied; and who they are."""
    with postgres.database() as url, TemporaryDirectory(prefix="unbroken-tables-") as directory:
        yield database_name(url), found(Site(Path(directory), {"DATABASE_URL": url}))


@pytest.fixture
def own_database(postgres: Postgres, with_people: tuple[str, Crowd]) -> Iterator[tuple[str, Crowd]]:
    """The URL of a copy for this test alone, and who is in it."""
    name, crowd = with_people
    with postgres.database(name) as url:
        yield url, crowd


@pytest.fixture(scope="session")
def on_postgres(
    postgres: Postgres, with_people: tuple[str, Crowd], simulator: Simulator
) -> Iterator[Cluster]:
    """PostgreSQL alone: the bell is NOTIFY."""
    name, crowd = with_people
    with postgres.database(name) as url, cluster(simulator, crowd, DATABASE_URL=url) as made:
        yield made


@pytest.fixture(scope="session")
def with_redis(
    postgres: Postgres,
    redis_server: Redis,
    with_people: tuple[str, Crowd],
    simulator: Simulator,
) -> Iterator[Cluster]:
    """PostgreSQL, and Redis as the bell."""
    name, crowd = with_people
    with (
        postgres.database(name) as url,
        cluster(simulator, crowd, workers=1, DATABASE_URL=url, REDIS_URL=redis_server.url) as made,
    ):
        yield made


@pytest.fixture(scope="session")
def on_sqlite(simulator: Simulator) -> Iterator[Cluster]:
    """One machine, one data directory."""
    directory, crowd = founded()
    with TemporaryDirectory(prefix="unbroken-cluster-") as name:
        shutil.copytree(directory, name, dirs_exist_ok=True)
        with cluster(simulator, crowd, workers=1, data_dir=Path(name)) as made:
            yield made


@pytest.fixture(scope="session", params=["on_postgres", "with_redis", "on_sqlite"])
def shape(request: pytest.FixtureRequest) -> Cluster:
    found: Cluster = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def many(shape: Cluster) -> Iterator[Cluster]:
    """Two web processes that run nothing, and workers. Nothing in them breaks."""
    yield shape
    shape.assert_sound()
