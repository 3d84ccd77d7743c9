"""A newcomer opens the page, signs up, asks, and watches the answer arrive."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.simulator import Script, Simulator
from tests.site import PASSWORD, running_site

from .visitor import Visitor, visiting


def test_the_first_visitor_signs_up_asks_and_watches(
    browser: Browser, simulator: Simulator
) -> None:
    with (
        running_site(
            OPENAI_API_KEY="sk-test",
            OPENAI_BASE_URL=simulator.base_url_openai,
            CHAT_MODELS="openai/simulated",
        ) as site,
        visiting(browser, site.url, simulator) as alice,
    ):
        page = alice.page
        alice.go("/")
        expect(page.get_by_text("You are the first one here")).to_be_visible()
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()

        script = Script(id="first visit", tokens=120, tps=40)
        alice.ask(script)
        answer = alice.answer().begins().becomes("running")
        some = answer.text
        assert some
        assert script.text().startswith(some)
        assert len(some) < len(script.text())

        answer.becomes("done")
        assert answer.text == script.text()
        assert answer.words == " ".join(script.text().split())
        assert len(simulator.calls(script="first visit")) == 1

        page.get_by_role("button", name="alice").click()
        expect(page.get_by_role("link", name="Administration")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_what_is_shown_is_what_is_stored(alice: Visitor) -> None:
    script = Script(tokens=300, tps=0, alphabet="hostile", seed=7)
    alice.ask(script)
    answer = alice.answer().becomes("done")
    stored = alice.fetch(f"/api/v1/messages/{answer.message}")
    assert answer.text == stored["parts"][0]["text"] == script.text()
    alice.page.reload()
    assert alice.answer().becomes("done").text == script.text()


def test_a_suggestion_is_asked_with_one_press(alice: Visitor) -> None:
    alice.page.get_by_role("button", name="Explain something").click()
    alice.answer().becomes("done")
    question = alice.page.locator("[data-question] [data-text]").first
    expect(question).to_have_text(
        "Explain how a rainbow comes about, with a small table of its colours."
    )
    expect(alice.page.get_by_role("heading", level=1)).to_contain_text("Explain how a rainbow")


def test_the_next_question_goes_on_in_the_same_place(alice: Visitor) -> None:
    alice.ask(Script(tokens=5))
    alice.answer().becomes("done")
    place = alice.conversation
    alice.ask(Script(tokens=6), words="And?")
    expect(alice.page.locator("[data-messages] live-answer")).to_have_count(2)
    alice.answer().becomes("done")
    assert alice.conversation == place
    alice.page.reload()
    expect(alice.page.locator("[data-messages] > li")).to_have_count(4)
