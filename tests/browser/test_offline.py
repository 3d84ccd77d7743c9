"""The network goes in mid-answer, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.simulator import Script
from tests.site import Site

from .conftest import Visiting
from .line import Line, line_to
from .test_coming_back import assert_whole, long
from .visitor import Visitor


@pytest.fixture
def line(site: Site) -> Iterator[Line]:
    port = urlsplit(site.url).port
    assert port is not None
    with line_to(port) as line:
        yield line


@pytest.fixture
def alice(newcomer: Visiting, line: Line) -> Iterator[Visitor]:
    with newcomer(url=line.url) as visitor:
        visitor.go("/")
        yield visitor
        # Without a network nothing is fetched, the list beside the answer included.
        visitor.forgive("Failed to load resource", "Failed to fetch")


@contextmanager
def offline(alice: Visitor, line: Line) -> Iterator[None]:
    """As when the plug is pulled: what is open breaks, and the browser knows."""
    alice.context.set_offline(True)
    line.cut()
    yield
    line.mend()
    alice.context.set_offline(False)


def test_five_seconds_without_a_network_are_told_quietly(alice: Visitor, line: Line) -> None:
    script = long("offline", seconds=8)
    alice.ask(script)
    answer = alice.answer().begins(40)
    with offline(alice, line):
        answer.says("Connection lost. Your text is safe")
        assert answer.element.get_attribute("connection") == "waiting"
        assert answer.element.get_by_role("button", name="now").is_visible()
        kept = answer.text
        assert script.text().startswith(kept)
        alice.page.wait_for_timeout(5_000)
        assert answer.text == kept
    assert_whole(alice, script)
    expect(answer.element.locator("[data-state]")).to_be_hidden()


def test_a_broken_line_that_the_browser_does_not_notice_is_mended(
    alice: Visitor, line: Line
) -> None:
    script = long("broken line", seconds=5)
    alice.ask(script)
    answer = alice.answer().begins()
    for characters in (100, 300, 500):
        answer.begins(characters)
        line.cut()
        line.mend()
    assert_whole(alice, script)


def test_a_question_asked_without_a_network_is_sent_when_it_is_back(
    alice: Visitor, line: Line
) -> None:
    script = Script(id="asked offline", tokens=10)
    with offline(alice, line):
        alice.ask(script)
        state = alice.page.locator("chat-composer [data-state]")
        expect(state).to_contain_text("Not sent yet")
        expect(alice.page.locator("[data-question][data-pending]")).to_be_visible()
    assert_whole(alice, script)
    expect(alice.page.locator("[data-question][data-pending]")).to_have_count(0)


def test_a_page_left_without_a_network_has_it_all_when_it_is_opened_again(
    alice: Visitor, line: Line
) -> None:
    script = long("left")
    alice.ask(script)
    alice.answer().begins()
    place = alice.page.url
    with offline(alice, line):
        alice.page.close()
    alice.page = alice.tab()
    alice.page.goto(place)
    assert_whole(alice, script)
