"""The list of conversations follows what happens, and changes in place."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.simulator import Script

from .visitor import Visitor


def begin(alice: Visitor, words: str) -> None:
    alice.go("/")
    alice.ask(Script(tokens=3), words=words)
    alice.answer().becomes("done")
    expect(alice.page.locator(".conversation-link", has_text=words)).to_have_attribute(
        "aria-current", "page"
    )


def test_a_new_conversation_appears_with_its_title(alice: Visitor) -> None:
    begin(alice, "Why is the sky blue?")
    expect(alice.page.get_by_role("heading", level=1)).to_contain_text("Why is the sky blue?")
    expect(alice.page).to_have_title(re.compile(r"^Why is the sky blue\?"))


def test_it_is_renamed_in_place(alice: Visitor) -> None:
    page = alice.page
    begin(alice, "First")
    page.get_by_role("link", name="Rename First").click()
    name = page.get_by_label("Name of the conversation")
    expect(name).to_be_focused()
    name.fill("   ")
    name.press("Enter")
    expect(page.locator(".errorlist")).to_be_visible()
    name.fill("Second <b>")
    name.press("Enter")
    link = page.get_by_role("link", name="Second <b>", exact=True)
    expect(link).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second <b>")
    expect(page).to_have_title("Second <b> · Unbroken")
    expect(page.locator("[data-messages] live-answer")).to_have_count(1)
    alice.forgive("422")


def test_a_change_can_be_left(alice: Visitor) -> None:
    page = alice.page
    begin(alice, "Kept")
    for change, leave in (("Rename", "Cancel"), ("Delete", "Keep")):
        page.get_by_role("link", name=f"{change} Kept").click()
        page.get_by_role("link", name=leave).click()
        expect(page.locator(".conversation-link", has_text="Kept")).to_be_focused()


def test_it_is_deleted_after_asking(alice: Visitor) -> None:
    page = alice.page
    begin(alice, "Doomed")
    begin(alice, "Here")
    page.locator("li", has_text="Doomed").get_by_role("link", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("for good?")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("was deleted.")).to_be_visible()
    page.get_by_role("link", name="Delete Here").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Your conversations will be listed here.")).to_be_visible()
    assert page.url == alice.url + "/"


def test_an_expired_session_leads_to_the_sign_in(alice: Visitor) -> None:
    begin(alice, "Mine")
    alice.context.clear_cookies()
    alice.page.get_by_role("link", name="Rename Mine").click()
    expect(alice.page.get_by_role("heading", name="Welcome back")).to_be_visible()
