"""What every test of the API has around it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.client import Stream
from tests.simulator import Script, Simulator
from tests.site import Site

from .sites import people

#: How long one test may take on a busy machine.
PATIENCE_S = 90


@contextmanager
def patience() -> Iterator[None]:
    """An answer that does not end ends its test, and not the run."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"nothing came of it in {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    # Again and again: whoever is told may first wait for threads that wait for the same answer.
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S, 5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    with patience():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    with patience():
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def quiet(sites: Callable[[str], Site], simulator: Simulator) -> Iterator[Stream]:
    """A stream of an answer that stalls from the start: whoever waits for pings need not wait."""
    (somebody,) = people(sites("daphne"))
    script = Script(id="a quiet answer", fault="pings", at=2)
    stream = somebody.ask(somebody.conversation(), f"hi {script}")
    yield stream
    somebody.stop(stream.message_id)
    stream.close()
