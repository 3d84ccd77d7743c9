"""Everything one does here can be done without a pointer."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.simulator import Script

from .conftest import Visiting
from .visitor import Visitor


def focused(page: Page) -> str:
    """The name of what has the focus."""
    name: str = page.evaluate(
        "document.activeElement.getAttribute('aria-label') ||"
        " document.activeElement.innerText.trim() || document.activeElement.id"
    )
    return name


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until what has this name has the focus, and shows it."""
    for _ in range(40):
        page.keyboard.press(key)
        if focused(page).startswith(name):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none", f"{name} does not show its focus"
            return
    raise AssertionError(f"{name} cannot be reached")


def test_one_asks_stops_and_goes_on(alice: Visitor) -> None:
    page = alice.page
    expect(page.get_by_label("Your message")).to_be_focused()
    script = Script(tokens=200, tps=30)
    page.keyboard.insert_text(f"Line one\nTell me. {script}")
    page.keyboard.press("Enter")
    answer = alice.answer().begins()
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    answer.becomes("stopped")
    tab_to(page, "Continue", key="Shift+Tab")
    page.keyboard.press("Enter")
    alice.answer().becomes("done")
    assert alice.answer().text == script.text()


def test_shift_enter_makes_a_line(alice: Visitor) -> None:
    page = alice.page
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Two")
    expect(page.get_by_label("Your message")).to_have_value("One\nTwo")
    expect(page.locator("[data-question]")).to_have_count(0)


def test_the_first_tab_stop_skips_the_list(alice: Visitor) -> None:
    page = alice.page
    alice.go("/settings/")
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = "document.querySelector('main').contains(document.activeElement)"
    assert page.evaluate(inside)


def test_the_account_menu_opens_and_closes(alice: Visitor) -> None:
    page = alice.page
    tab_to(page, "V", key="Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, "Settings")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Settings")).to_be_hidden()
    page.keyboard.press("Enter")
    tab_to(page, "Settings")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_the_drawer_opens_and_closes_on_a_narrow_page(newcomer: Visiting) -> None:
    with newcomer(viewport={"width": 390, "height": 844}) as alice:
        page = alice.page
        alice.go("/")
        sidebar = page.get_by_role("navigation", name="Conversations")
        expect(sidebar).to_be_hidden()
        tab_to(page, "Conversations", key="Shift+Tab")
        page.keyboard.press("Enter")
        expect(sidebar).to_be_visible()
        tab_to(page, "New chat")
        page.keyboard.press("Escape")
        expect(sidebar).to_be_hidden()
        assert focused(page) == "Conversations"
