"""The page in a hand: nothing is cut off, everything is big enough to hit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.simulator import Script

from .conftest import Visiting
from .visitor import Visitor

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
WIDE = "One_very_long_word_" * 30

#: What can be pressed, is seen, and is smaller than a finger in some direction. Links in a line
#: of text are as high as the line (WCAG 2.5.8 leaves them out).
SMALL = """() => [...document.querySelectorAll("a, button, select, input, textarea, summary")]
  .filter((one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .filter((one) => !one.closest("p") && one.type !== "hidden" && !one.closest(".skip"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, {width, height}]) => Math.min(width, height) < 43.5)
  .map(([one, {width, height}]) => `${one.outerHTML.slice(0, 80)} ${width}×${height}`)"""


@pytest.fixture
def alice(newcomer: Visiting) -> Iterator[Visitor]:
    with newcomer(**PHONE) as visitor:
        visitor.go("/")
        yield visitor


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL) == []


def test_one_asks_with_a_tap_and_reads(alice: Visitor) -> None:
    page = alice.page
    assert_fits(page)
    page.get_by_label("Your message").fill(f"{WIDE} {Script(tokens=60, tps=30)}")
    page.get_by_role("button", name="Send").tap()
    alice.answer().begins()
    assert_fits(page)
    alice.answer().becomes("done")
    assert_fits(page)
    send = page.get_by_role("button", name="Send").bounding_box()
    assert send is not None
    assert send["y"] + send["height"] <= 844


def test_the_list_is_in_a_drawer(alice: Visitor) -> None:
    page = alice.page
    sidebar = page.get_by_role("navigation", name="Conversations")
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Conversations").tap()
    expect(sidebar).to_be_visible()
    assert_fits(page)
    page.locator(".account-button").tap()
    page.get_by_role("link", name="Settings").tap()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    assert_fits(page)


def test_a_tap_beside_the_drawer_closes_it(alice: Visitor) -> None:
    page = alice.page
    page.get_by_role("button", name="Conversations").tap()
    sidebar = page.get_by_role("navigation", name="Conversations")
    expect(sidebar).to_be_visible()
    page.touchscreen.tap(370, 400)
    expect(sidebar).to_be_hidden()


def test_the_pages_at_the_door_fit(alice: Visitor) -> None:
    alice.context.clear_cookies()
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        alice.go(path)
        assert_fits(alice.page)
