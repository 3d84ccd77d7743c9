"""The page of somebody whose browser runs no scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.simulator import Script

from .conftest import Visiting
from .visitor import Visitor


@pytest.fixture
def alice(newcomer: Visiting) -> Iterator[Visitor]:
    with newcomer(java_script_enabled=False) as visitor:
        visitor.go("/")
        yield visitor


def send(alice: Visitor, script: Script) -> None:
    alice.page.get_by_label("Your message").fill(f"Tell me. {script}")
    alice.page.get_by_role("button", name="Send").click()


def test_it_shows_what_there_is_and_comes_again_until_the_end(alice: Visitor) -> None:
    script = Script(id="no scripts", tokens=120, tps=40)
    send(alice, script)
    answer = alice.page.locator("[data-messages] live-answer")
    expect(answer).to_have_attribute("status", "running")
    expect(answer).to_contain_text("Answering…")
    expect(answer).to_have_attribute("status", "done", timeout=20_000)
    shown = answer.locator("[data-body] .plain").text_content()
    assert shown == script.text()
    expect(answer.get_by_role("button", name="Try again")).to_be_visible()


def test_it_stops_and_goes_on(alice: Visitor) -> None:
    script = Script(id="no scripts, stopped", tokens=300, tps=40)
    send(alice, script)
    alice.page.get_by_role("button", name="Stop").click()
    answer = alice.page.locator("[data-messages] live-answer")
    expect(answer).to_have_attribute("status", "stopped", timeout=20_000)
    expect(answer).to_contain_text("Stopped.")


def test_it_asks_again(alice: Visitor) -> None:
    send(alice, Script(tokens=5))
    answer = alice.page.locator("[data-messages] live-answer")
    expect(answer).to_have_attribute("status", "done", timeout=20_000)
    first = answer.get_attribute("message")
    answer.get_by_role("button", name="Try again").click()
    expect(answer).to_have_attribute("status", "done", timeout=20_000)
    assert answer.get_attribute("message") != first


def test_it_renames_and_deletes(alice: Visitor) -> None:
    page = alice.page
    send(alice, Script(tokens=5))
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name of the conversation").fill("A better name")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A better name")
    page.get_by_role("link", name="Delete A better name").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Your conversations will be listed here.")).to_be_visible()


def test_it_makes_and_revokes_tokens(alice: Visitor) -> None:
    page = alice.page
    alice.go("/settings/")
    page.get_by_label("What is it for?").fill("backup")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    page.get_by_role("button", name="Revoke backup").click()
    expect(page.get_by_role("button", name="Revoke backup")).to_have_count(0)
