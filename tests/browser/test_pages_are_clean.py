"""No page says anything to the console: no error, no warning, no report of its policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.simulator import Simulator
from tests.site import Site

from .visitor import Visitor, visiting

DOOR = ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/"]
INSIDE = [
    "/", "/settings/", "/accounts/email/", "/accounts/password/change/", "/accounts/logout/",
    "/accounts/reauthenticate/",
]  # fmt: skip


@pytest.mark.parametrize("path", INSIDE)
def test_inside(alice: Visitor, path: str) -> None:
    alice.go(path)
    alice.page.wait_for_load_state("networkidle")
    expect(alice.page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("path", DOOR)
def test_at_the_door(browser: Browser, site: Site, simulator: Simulator, path: str) -> None:
    with visiting(browser, site.url, simulator) as stranger:
        stranger.go(f"/accounts/{path}")
        stranger.page.wait_for_load_state("networkidle")
        expect(stranger.page.get_by_role("heading", level=1)).to_be_visible()


def test_where_there_is_nothing(alice: Visitor) -> None:
    alice.go("/nowhere/")
    expect(alice.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    alice.forgive("404")
