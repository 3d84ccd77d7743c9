"""The product, its provider, and people in front of browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.simulator import Simulator, simulator_process
from tests.site import Site, running_site

from .markdown_page import chromium
from .visitor import Visitor, sessions, visiting

Visiting = Callable[..., AbstractContextManager[Visitor]]

#: People made at a time: every test has its own.
CROWD = 40


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with simulator_process() as running:
        yield running


@pytest.fixture(scope="session")
def site(simulator: Simulator) -> Iterator[Site]:
    """One site for all; its one model is the simulator's. It did not complain."""
    with running_site(
        OPENAI_API_KEY="sk-test",
        OPENAI_BASE_URL=simulator.base_url_openai,
        CHAT_MODELS="openai/simulated",
        FIRST_BYTE_TIMEOUT="5",
        STALL_TIMEOUT="5",
    ) as site:
        yield site
        assert "Traceback" not in site.complaints, site.complaints


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole session: Playwright's loop would be in the way of tests that have one."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def crowd() -> list[str]:
    """Sessions of people who have no test yet."""
    return []


@pytest.fixture
def newcomer(site: Site, simulator: Simulator, browser: Browser, crowd: list[str]) -> Visiting:
    """Call it for somebody new, signed in: ``with newcomer(viewport=...) as alice``; they come to
    the site by another ``url`` if one is given."""

    def come(url: str = "", **context: Any) -> AbstractContextManager[Visitor]:
        if not crowd:
            crowd.extend(sessions(site, CROWD))
        return visiting(browser, url or site.url, simulator, crowd.pop(), **context)

    return come


@pytest.fixture
def alice(newcomer: Visiting) -> Iterator[Visitor]:
    """Somebody signed in, on the page of a new chat."""
    with ExitStack() as stack:
        visitor = stack.enter_context(newcomer())
        visitor.go("/")
        yield visitor
