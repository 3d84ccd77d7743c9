"""Answers that are stopped, lost or refused: what is there is kept, and one can go on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.api.sites import cut_off
from tests.simulator import Script

from .visitor import Visitor


def test_stop_stops_and_continue_goes_on(alice: Visitor) -> None:
    script = Script(id="stopped", tokens=200, tps=30)
    alice.ask(script)
    answer = alice.answer().begins(40)
    alice.page.get_by_role("button", name="Stop").click()
    answer.becomes("stopped")
    kept = answer.text
    assert script.text().startswith(kept)
    expect(answer.element.locator("[data-error]")).to_have_text("Stopped.")
    assert alice.simulator.wait_for("client_closed", script="stopped")
    expect(alice.page.get_by_role("button", name="Send")).to_be_visible()

    alice.page.reload()
    answer = alice.answer().becomes("stopped")
    assert answer.text == kept
    answer.press("Continue")
    again = alice.answer().becomes("done")
    assert again.text.startswith(kept)
    assert again.text == script.text()


def test_escape_stops_too(alice: Visitor) -> None:
    alice.ask(Script(tokens=400, tps=30))
    alice.answer().begins()
    alice.page.get_by_label("Your message").press("Escape")
    alice.answer().becomes("stopped")


@pytest.mark.parametrize("fault", ["reset", "cut", "eof"])
def test_an_upstream_killed_in_mid_answer_is_gone_on_with_quietly(
    alice: Visitor, fault: str
) -> None:
    script = Script(id=f"lost by {fault}", tokens=120, tps=120, fault=fault, at=50, times=1)
    alice.ask(script)
    answer = alice.answer().becomes("done")
    assert answer.text == script.text()
    expect(answer.element.locator("[data-error]")).to_be_hidden()
    assert answer.element.get_by_role("button", name="Continue").is_hidden()


@pytest.mark.parametrize("fault", ["reset", "cut", "eof"])
def test_one_that_stays_away_leaves_its_text_to_go_on_from(alice: Visitor, fault: str) -> None:
    script = cut_off(50, fault, id=f"killed by {fault}", tokens=120, tps=60)
    alice.ask(script)
    answer = alice.answer().becomes("incomplete")
    kept = answer.text
    assert kept
    assert script.text().startswith(kept)
    expect(answer.element.locator("[data-error]")).to_have_text(
        "The connection to the model was lost. What there is was kept."
    )
    answer.press("Continue")
    again = alice.answer()
    assert again.text.startswith(kept)
    again.becomes("done")
    assert again.text == script.text()
    assert again.element.get_by_role("button", name="Continue").is_hidden()


def test_a_refused_key_is_told_in_words(alice: Visitor) -> None:
    alice.ask(Script(id="refused", fault="status", status=401, times=1))
    answer = alice.answer().becomes("failed")
    error = answer.element.locator("[data-error]")
    expect(error).to_be_visible()
    expect(error).to_contain_text("key")
    answer.press("Try again")
    alice.answer().becomes("done")


def test_a_second_answer_to_the_same_question_takes_its_place(alice: Visitor) -> None:
    alice.ask(Script(tokens=10))
    answer = alice.answer().becomes("done")
    first = answer.message
    answer.press("Try again")
    again = alice.answer().becomes("done")
    assert again.message != first
    expect(alice.page.locator("[data-messages] live-answer")).to_have_count(1)
