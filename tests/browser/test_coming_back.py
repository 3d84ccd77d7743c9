"""Reload, a second tab, a lost network: the text is there and goes on."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.simulator import Script

from .visitor import Visitor


def long(id: str, seconds: int = 4) -> Script:
    """Long enough for anything to happen in the middle of it."""
    return Script(id=id, tokens=40 * seconds, tps=40)


def assert_whole(alice: Visitor, script: Script) -> None:
    """The answer ended well, exact to the code point, and the provider was asked once."""
    answer = alice.answer().becomes("done")
    assert answer.text == script.text()
    assert answer.words == " ".join(script.text().split())
    assert len(alice.simulator.calls(script=script.id)) == 1


def test_a_reload_in_mid_answer_loses_nothing(alice: Visitor) -> None:
    script = long("reload")
    alice.ask(script)
    before = alice.answer().begins(40).text
    alice.page.reload()
    answer = alice.answer()
    expect(answer.element).to_have_attribute("status", "running")
    assert answer.text.startswith(before)
    alice.page.reload()
    assert_whole(alice, script)


def test_a_second_tab_shows_the_same_answer(alice: Visitor) -> None:
    script = long("second tab")
    alice.ask(script)
    alice.answer().begins()
    second = alice.tab()
    second.goto(alice.page.url)
    there = alice.answer(second).begins().becomes("running")
    assert script.text().startswith(there.text)
    there.becomes("done")
    assert there.text == script.text()
    assert_whole(alice, script)


def test_another_page_in_between_does_not_disturb_it(alice: Visitor) -> None:
    script = long("another page")
    alice.ask(script)
    alice.answer().begins()
    place = alice.page.url
    alice.page.get_by_role("link", name="New chat").first.click()
    expect(alice.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    alice.page.goto(place)
    assert_whole(alice, script)


def test_the_back_button_comes_back_to_it(alice: Visitor) -> None:
    script = long("back button")
    alice.ask(script)
    alice.answer().begins()
    alice.go("/settings/")
    alice.page.go_back()
    assert_whole(alice, script)


def test_a_draft_survives_a_reload(alice: Visitor) -> None:
    alice.page.get_by_label("Your message").fill("Half a thou")
    alice.page.reload()
    expect(alice.page.get_by_label("Your message")).to_have_value("Half a thou")
