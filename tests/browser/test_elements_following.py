"""Following: drops, reloads, histories, and what the page says meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from .chat_page import ChatPage, answer, chat_page, thread

TEXT = {"type": "text", "text": "Once upon a *time*"}


@pytest.fixture
def chat(browser: Browser) -> Iterator[ChatPage]:
    with chat_page(browser, thread()) as chat:
        yield chat


def test_it_goes_on_by_itself_after_a_drop(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("One, ")
    chat.shows("One, ")
    message.cut()
    message.say("two, ")
    chat.shows("One, two, ")
    message.cut()
    message.say("three 👩‍👩‍👧.")
    message.end()
    chat.shows("One, two, three 👩‍👩‍👧.")
    assert chat.api.follows == ["", "m1-3", "m1-4"]


def test_another_run_goes_on_as_if_nothing_had_been(chat: ChatPage) -> None:
    """Also in text that had been taken for complete, because thoughts came behind it."""
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("So *it")
    message.add("part", index=1, type="reasoning")
    message.add("delta", index=1, text="hm")
    text = chat.answer.locator('[data-type="text"]')
    expect(text).to_have_text("So *it")
    message.add("started", model="demo/x", attempt=2)
    message.say(" went")
    expect(text).to_have_text("So *it went")
    message.say("* on.")
    expect(text).to_have_text("So it went on.")
    expect(chat.answer.locator("[data-state]")).to_be_hidden()
    expect(chat.answer.locator("[data-error]")).to_be_hidden()
    message.end()
    expect(text).to_have_text("So it went on.")


def test_it_says_quietly_that_the_connection_is_lost(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("One, ")
    chat.shows("One, ")
    chat.page.route("**/events*", lambda route: route.abort())
    message.cut()
    state = chat.answer.locator("[data-state]")
    expect(state).to_have_text(
        re.compile(r"^Connection lost\. Your text is safe; trying again in \d+ s$")
    )
    expect(chat.answer).to_have_attribute("connection", re.compile("waiting|connecting"))
    chat.shows("One, ")
    message.say("two.")
    message.end()
    chat.page.unroute("**/events*")
    chat.in_page("dispatchEvent(new Event('online'))")
    chat.shows("One, two.")
    expect(state).to_be_hidden()


def test_it_tries_at_once_when_asked_to(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    chat.page.route("**/events*", lambda route: route.abort())
    message.cut()
    now = chat.answer.locator("[data-action=now]")
    expect(now).to_be_visible()
    chat.page.unroute("**/events*")
    message.say("Here.")
    message.end()
    now.click()
    chat.shows("Here.")
    expect(now).to_be_hidden()


def test_it_lets_go_of_the_connection_while_the_page_is_put_aside(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("One, ")
    chat.shows("One, ")
    chat.in_page("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    message.say("two, ")
    message.say("three.")
    chat.shows("One, ")
    chat.in_page("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    chat.shows("One, two, three.")
    message.end()
    expect(chat.answer).to_have_attribute("status", "done")
    assert chat.api.follows == ["", "m1-3"]


def test_it_shows_a_history_without_a_request(browser: Browser) -> None:
    parts = [{"type": "reasoning", "text": "Hm."}, TEXT]
    done = answer("m9", "done", "m9-7", parts=parts)
    with chat_page(browser, thread(done)) as chat:
        expect(chat.answer.locator("em")).to_have_text("time")
        expect(chat.answer.locator("details > summary")).to_have_text("Reasoning")
        expect(chat.button("Send")).to_be_visible()
        expect(chat.button("Try again")).to_be_visible()
        expect(chat.button("Continue")).to_be_hidden()
        assert chat.api.follows == []


def test_it_says_how_an_old_answer_ended(browser: Browser) -> None:
    error = {"code": "quota", "message": "Your quota is used up.", "recoverable": False}
    failed = answer("m8", "failed", "m8-2", parts=[], error=error)
    cut = answer("m9", "incomplete", "m9-7", parts=[TEXT], reason="length")
    with chat_page(browser, thread(failed, cut)) as chat:
        errors = chat.page.locator("live-answer [data-error]")
        expect(errors.first).to_have_text("Your quota is used up.")
        expect(errors.last).to_have_text("The answer reached its longest allowed length.")
        expect(chat.page.get_by_role("button", name="Continue")).to_have_count(1)


def test_it_goes_on_with_an_answer_that_ran_when_the_page_was_made(browser: Browser) -> None:
    running = answer("m1", "running", "m1-3", parts=[TEXT])
    with chat_page(browser, thread(conversation="c1")) as chat:
        message = chat.api.message("m1")
        message.say(TEXT["text"])
        message.say(" there was")
        chat.api.body = thread(running)
        chat.open()
        chat.shows("Once upon a time there was")
        expect(chat.button("Stop")).to_be_visible()
        chat.open()
        message.say(" an end.")
        message.end()
        chat.shows("Once upon a time there was an end.")
        expect(chat.button("Send")).to_be_visible()
        assert chat.api.follows == ["m1-3", "m1-3"]


def test_it_replaces_everything_at_a_snapshot(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("Something **else**")
    chat.shows("Something else")
    parts = [{"type": "reasoning", "text": "Let me see."}, {"type": "text", "text": "All *new*"}]
    message.add("snapshot", parts=parts, status="running")
    message.add("delta", index=1, text=" and more.")
    message.end()
    expect(chat.answer.locator("[data-type=text]")).to_have_text("All new and more.")
    expect(chat.answer.locator("[data-type=reasoning] > div")).to_have_text("Let me see.")


def test_it_shows_reasoning_tools_and_refusals(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.add("part", index=1, type="reasoning")
    message.add("delta", index=1, text="Let me *think*.")
    expect(chat.answer.locator("[data-type=reasoning] > summary")).to_have_text("Reasoning…")
    message.add("part", index=2, type="tool_call", name="weather", call="c1")
    message.add("delta", index=2, text='{"city": "<Oslo>"}')
    message.add("part", index=3, type="tool_result", call="c1")
    message.add("delta", index=3, text="**rain**\n")
    message.add("part", index=4, type="refusal")
    message.add("delta", index=4, text="I would rather *not*.")
    message.end()
    expect(chat.answer.locator("[data-type=refusal] em")).to_have_text("not")
    expect(chat.answer.locator("[data-type=reasoning] > summary")).to_have_text("Reasoning")
    expect(chat.answer.locator("[data-type=tool_call] > summary")).to_have_text("Used weather")
    expect(chat.answer.locator("[data-type=tool_call] > pre")).to_have_text('{"city": "<Oslo>"}')
    expect(chat.answer.locator("[data-type=tool_result] > pre")).to_have_text("**rain**")


def test_it_says_what_the_model_is_waiting_for(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    state = chat.answer.locator("[data-state]")
    expect(state).to_have_text("Thinking…")
    message.add("waiting", reason="rate_limited", retry_in_ms=30_000)
    expect(state).to_have_text(re.compile(r"The model is busy; trying again in \d+ s"))
    message.say("Now.")
    expect(state).to_be_hidden()
    message.end()


def test_it_gives_up_when_the_person_is_signed_out(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("One, ")
    chat.shows("One, ")
    chat.page.route("**/events*", lambda route: route.fulfill(status=401))
    message.cut()
    expect(chat.answer.locator("[data-state]")).to_have_text(re.compile("^You are signed out"))
    expect(chat.button("Send")).to_be_visible()
    chat.shows("One, ")


def test_it_speaks_sentences_and_changes_of_state(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    spoken = chat.page.locator("[data-announcer] p")
    message.say("The **first** one. And the sec")
    expect(spoken.filter(has_text="The first one.")).to_have_count(1)
    expect(spoken.filter(has_text="sec")).to_have_count(0)
    message.say("ond.\n")
    expect(spoken.filter(has_text="And the second.")).to_have_count(1)
    message.end()
    expect(spoken.filter(has_text="Answer complete")).to_have_count(1)


def test_it_tells_the_page_when_an_answer_ends(chat: ChatPage) -> None:
    chat.in_page(
        "document.body.addEventListener('answer-ended',"
        " ({detail}) => (window.ended ??= []).push(detail))"
    )
    chat.ask("Hello?")
    chat.api.asked().end()
    chat.until("window.ended")
    expect(chat.composer).to_have_attribute("state", "idle")
    assert chat.in_page("window.ended") == [{"message": "m1", "status": "done"}]


def test_it_copies_an_answer_and_its_code(browser: Browser) -> None:
    text = "Run\n\n```sh\nls -l\n\npwd\n```\n\n**now**"
    done = answer("m9", "done", "m9-7", parts=[{"type": "text", "text": text}])
    with chat_page(browser, thread(done)) as chat:
        chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        figure = chat.answer.locator("figure.code")
        expect(figure.locator(".language")).to_have_text("sh")
        figure.get_by_role("button").click()
        expect(figure.get_by_role("button")).to_have_text("Copied")
        assert chat.in_page("navigator.clipboard.readText()") == "ls -l\n\npwd"
        chat.button("Copy").click()
        expect(chat.answer.locator("[data-action=copy] span")).to_have_text("Copied")
        assert chat.in_page("navigator.clipboard.readText()") == text


def test_it_sticks_to_the_end_unless_the_reader_left_it(chat: ChatPage) -> None:
    chat.page.set_viewport_size({"width": 400, "height": 300})
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("line\n\n" * 40)
    at_end = "document.scrollingElement.scrollHeight - innerHeight - scrollY < 2"
    chat.until(f"scrollY > 100 && {at_end}")
    expect(chat.page.locator("chat-thread")).to_have_attribute("stuck", "")
    chat.page.mouse.move(100, 100)
    chat.page.mouse.wheel(0, -400)
    expect(chat.page.locator("chat-thread")).not_to_have_attribute("stuck", "")
    latest = chat.button("Jump to latest")
    expect(latest).to_have_count(1)
    before = chat.in_page("scrollY")
    message.say("line\n\n" * 40)
    expect(chat.answer.locator("p", has_text="line")).to_have_count(80)
    assert chat.in_page("scrollY") == before
    latest.evaluate("button => button.click()")
    chat.until(at_end)
    message.say("line\n\n" * 40)
    expect(chat.answer.locator("p", has_text="line")).to_have_count(120)
    chat.until(at_end)
    expect(chat.page.locator("[data-action=latest]")).to_be_hidden()
    message.end()


def test_it_says_so_at_once_when_the_network_is_gone(chat: ChatPage) -> None:
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("One, ")
    chat.shows("One, ")
    chat.page.context.set_offline(True)
    expect(chat.answer.locator("[data-state]")).to_contain_text("Connection lost")
    message.say("two.")
    message.end()
    chat.page.context.set_offline(False)
    chat.shows("One, two.")


def test_it_shows_all_of_it_before_it_says_that_it_is_done(chat: ChatPage) -> None:
    chat.in_page(
        "new MutationObserver(([{target}]) => target.getAttribute('status') === 'done'"
        " && (window.shown = target.querySelector('[data-body]').textContent))"
        ".observe(document, {subtree: true, attributeFilter: ['status']})"
    )
    chat.in_page("window.requestAnimationFrame = () => 1")
    chat.ask("Hello?")
    message = chat.api.asked()
    message.say("All of it.")
    message.end()
    expect(chat.answer).to_have_attribute("status", "done")
    assert chat.in_page("window.shown") == "All of it."
