"""Asking: the composer, the call, the answer that arrives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from .chat_page import ChatPage, chat_page, thread


@pytest.fixture
def chat(browser: Browser) -> Iterator[ChatPage]:
    with chat_page(browser, thread()) as chat:
        yield chat


def test_it_shows_the_first_words_before_the_end(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    expect(chat.page.locator("[data-question]")).to_have_text("Hello?")
    expect(chat.page.locator("[data-empty]")).to_be_hidden()
    expect(chat.answer).to_have_attribute("empty", "")
    message.say("Hello **the")
    chat.shows("Hello **the")
    expect(chat.answer).to_have_attribute("connection", "live")
    message.say("re**!")
    message.end()
    chat.shows("Hello there!")
    expect(chat.answer).to_have_attribute("status", "done")
    assert chat.in_page("document.querySelector('live-answer').text") == "Hello **there**!"


def test_it_sends_what_the_protocol_asks_for(chat: ChatPage) -> None:
    chat.page.locator("select").select_option("demo/x")
    chat.ask("Hello?")
    chat.api.asked().end()
    [(path, body, headers)] = chat.api.calls
    assert path == "/api/v1/conversations/c1/messages"
    assert body == {"text": "Hello?", "model": "demo/x"}
    assert headers["Accept"] == "text/event-stream"
    assert headers["X-CSRFToken"] == "the-token"
    assert len(headers["Idempotency-Key"]) == 32


def test_it_becomes_stop_while_an_answer_runs(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("Never to be fin")
    expect(chat.button("Send")).to_be_hidden()
    chat.button("Stop").click()
    expect(chat.answer.locator("[data-error]")).to_have_text("Stopped.")
    expect(chat.button("Send")).to_be_visible()
    expect(chat.button("Continue")).to_be_visible()
    assert message.stop_requests == 1


def test_it_stops_on_escape(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    expect(chat.composer).to_have_attribute("state", "answering")
    chat.page.locator("textarea").press("Escape")
    expect(chat.answer).to_have_attribute("status", "stopped")
    assert message.stop_requests == 1


def test_it_makes_a_new_line_on_shift_enter_and_sends_nothing_while_composing(
    chat: ChatPage,
) -> None:
    area = chat.page.locator("textarea")
    area.fill("one")
    area.press("Shift+Enter")
    area.press_sequentially("two")
    enter = "{key: 'Enter', bubbles: true, cancelable: true, isComposing: true}"
    area.evaluate(f"area => area.dispatchEvent(new KeyboardEvent('keydown', {enter}))")
    assert area.input_value() == "one\ntwo"
    area.fill("   \n ")
    area.press("Enter")
    expect(chat.composer).to_have_attribute("state", "idle")
    assert chat.api.calls == []


def test_it_asks_once_however_often_the_call_is_lost(chat: ChatPage) -> None:
    chat.api.mishaps = ["lost", 503]
    chat.ask("Hello?")
    expect(chat.composer.locator("[data-state]")).to_contain_text("Not sent yet")
    expect(chat.page.locator("[data-question]")).to_have_attribute("data-pending", "")
    chat.button("now").click()
    message = chat.api.asked()
    message.say("Yes.")
    message.end()
    chat.shows("Yes.")
    expect(chat.page.locator("[data-question]")).not_to_have_attribute("data-pending", "")
    expect(chat.composer.locator("[data-state]")).to_be_hidden()
    assert len({headers["Idempotency-Key"] for _, _, headers in chat.api.calls}) == 1
    assert len(chat.api.calls) == 3
    assert len(chat.api.messages) == 1


def test_it_gives_the_text_back_when_it_is_refused(chat: ChatPage) -> None:
    chat.api.mishaps = [409]
    chat.ask("Hello?")
    expect(chat.composer.locator("[data-error]")).to_have_text("Refused with 409.")
    expect(chat.page.locator("textarea")).to_have_value("Hello?")
    expect(chat.page.locator("[data-question]")).to_have_count(0)
    chat.page.locator("textarea").press("Enter")
    chat.api.asked().end()
    expect(chat.composer.locator("[data-error]")).to_be_hidden()
    first, second = (headers["Idempotency-Key"] for _, _, headers in chat.api.calls)
    assert first != second


def test_it_gives_the_text_back_when_it_is_given_up(chat: ChatPage) -> None:
    chat.api.mishaps = ["lost"]
    chat.ask("Hello?")
    expect(chat.composer.locator("[data-state]")).to_be_visible()
    chat.button("Stop").click()
    expect(chat.page.locator("textarea")).to_have_value("Hello?")
    chat.page.locator("textarea").press("Enter")
    chat.api.asked().end()
    first, second = (headers["Idempotency-Key"] for _, _, headers in chat.api.calls)
    assert first == second, "it may have arrived: it is still the same request"


def test_it_keeps_a_draft_until_it_is_sent(chat: ChatPage) -> None:
    chat.page.locator("textarea").press_sequentially("Half a thou")
    chat.open()
    expect(chat.page.locator("textarea")).to_have_value("Half a thou")
    chat.page.locator("textarea").press("Enter")
    chat.api.asked().end()
    expect(chat.answer).to_have_attribute("status", "done")
    chat.open()
    expect(chat.page.locator("textarea")).to_have_value("")


def test_it_is_the_same_request_after_a_reload_in_the_middle(chat: ChatPage) -> None:
    chat.api.mishaps = ["lost", "lost"]
    chat.ask("Hello?")
    expect(chat.composer.locator("[data-state]")).to_be_visible()
    chat.api.mishaps = []
    chat.open()
    expect(chat.page.locator("textarea")).to_have_value("Hello?")
    chat.page.locator("textarea").press("Enter")
    chat.api.asked().end()
    assert len({headers["Idempotency-Key"] for _, _, headers in chat.api.calls}) == 1


def test_it_makes_the_conversation_of_a_first_message(browser: Browser) -> None:
    with chat_page(browser, thread(conversation="")) as chat:
        chat.in_page(
            "document.body.addEventListener('conversation-created',"
            " ({detail}) => window.created = detail.id)"
        )
        chat.api.mishaps = ["lost"]
        chat.ask("First!")
        chat.button("now").click()
        message = chat.api.asked()
        message.say("Welcome.")
        message.end()
        chat.shows("Welcome.")
        paths = [path for path, _, _ in chat.api.calls]
        assert paths == [
            "/api/v1/conversations",
            "/api/v1/conversations",
            "/api/v1/conversations/c1/messages",
        ]
        assert chat.page.url.endswith("/c/c1/")
        assert chat.in_page("window.created") == "c1"
        expect(chat.page.locator("chat-thread")).to_have_attribute("conversation", "c1")
        assert chat.in_page("Object.keys(localStorage)") == []


def test_it_answers_again_in_the_place_of_an_answer_that_failed(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("So fa")
    error = {"code": "overloaded", "message": "The model is overloaded.", "recoverable": True}
    message.end("failed", error=error, timings={})
    expect(chat.answer.locator("[data-error]")).to_have_text("The model is overloaded.")
    chat.shows("So fa")
    chat.button("Continue").click()
    again = chat.api.asked()
    expect(chat.composer).to_have_attribute("state", "answering")
    chat.shows("So fa")
    again.say("So far so good.")
    again.end()
    chat.shows("So far so good.")
    expect(chat.page.locator("live-answer")).to_have_count(1)
    assert chat.in_page("document.activeElement.contains(document.querySelector('live-answer'))")
    assert not chat.in_page("document.activeElement === document.body")
    assert [path for path, _, _ in chat.api.calls][1:] == ["/api/v1/messages/m1/continue"]
    chat.button("Try again").click()
    chat.api.asked().end()
    assert chat.api.calls[-1][0] == "/api/v1/messages/m2/regenerate"


def test_it_says_why_it_cannot_answer_again(chat: ChatPage) -> None:
    chat.ask("Hello?")
    chat.api.asked().end()
    chat.api.mishaps = [409]
    chat.button("Try again").click()
    expect(chat.answer.locator("[data-error]")).to_have_text("Refused with 409.")
    expect(chat.page.locator("live-answer")).to_have_count(1)
    expect(chat.composer).to_have_attribute("state", "idle")
