"""Fixtures of everything that speaks to the product from outside: one site for all of it.

A plugin of the suite, so that the tests of the API and those of the promises share the processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.simulator import Simulator, simulator_process
from tests.site import Site

from .database import fingerprint
from .sites import Somebody, assert_sound, people, site_with

Crowd = Callable[[], Somebody]


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The provider behind every site."""
    with simulator_process() as running:
        yield running


@pytest.fixture(scope="session")
def sites(simulator: Simulator) -> Iterator[Callable[[str], Site]]:
    """One site for each kind of server, started when it is first asked for."""
    with ExitStack() as stack:
        started: dict[str, Site] = {}

        def site(server: str) -> Site:
            if server not in started:
                started[server] = stack.enter_context(site_with(simulator, server))
            return started[server]

        yield site


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """Which server the site runs under: see ``on_every_server``."""
    return str(getattr(request, "param", "daphne"))


@pytest.fixture
def site(server: str, sites: Callable[[str], Site]) -> Iterator[Site]:
    """The shared site. Nothing in it breaks during any test."""
    shared = sites(server)
    said = len(shared.errors)
    yield shared
    assert_sound(shared, said)


@pytest.fixture
def newcomer(site: Site) -> Crowd:
    """Call it for a person that no other test knows."""
    return lambda: people(site)[0]


@pytest.fixture
def alice(newcomer: Crowd) -> Somebody:
    """Whose conversations these are."""
    return newcomer()


@pytest.fixture
def charlie(newcomer: Crowd) -> Somebody:
    """A stranger."""
    return newcomer()


@pytest.fixture
def unchanged(site: Site) -> Iterator[Callable[[], None]]:
    """The database is the same after the test as before it.

    Call it after the preparations: what they stored is not counted.
    """
    before = [fingerprint(site)]

    def from_here() -> None:
        before[0] = fingerprint(site)

    yield from_here
    assert fingerprint(site) == before[0]
