"""A page with a conversation on it: the elements as templates write them, in Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from .chat_api import ChatApi, serving_chat

ANSWER = """<li><live-answer %(attributes)s><div data-body>%(plain)s</div>%(json)s
<p data-state hidden></p><button type="button" data-action="now" hidden>now</button>
<p data-error hidden></p>
<button type="button" data-action="continue" hidden>Continue</button>
<button type="button" data-action="regenerate" hidden>Try again</button>
<button type="button" data-action="copy" hidden><span>Copy</span></button></live-answer></li>"""
QUESTION = '<li data-question><div data-text style="white-space: pre-wrap">%s</div></li>'
THREAD = """<chat-thread conversation="%(conversation)s" page-url="/c/{id}/">
<p data-empty>How can I help?</p><ol data-messages>%(messages)s</ol>
<template data-template="question"> %(question)s </template>
<template data-template="answer"> %(answer)s </template>
<button type="button" data-action="latest" hidden>Jump to latest</button>
<chat-composer><form method="post" action="/nowhere"><textarea name="text"></textarea>
<select name="model"><option value="">any</option><option value="demo/x">x</option></select>
<p data-state hidden></p><button type="button" data-action="now" hidden>now</button>
<p data-error role="alert" hidden></p><button type="submit" data-action="send">Send</button>
<button type="button" data-action="stop" hidden>Stop</button></form></chat-composer>
</chat-thread>"""


def answer(key: str = "", status: str = "", cursor: str = "", **document: Any) -> str:
    """An answer as the server renders it; without arguments, the template."""
    attributes = f'message="{key}" status="{status}" cursor="{cursor}"' if key else ""
    data = json.dumps(document).replace("<", "\\u003c")
    script = f'<script type="application/json">{data}</script>' if key else ""
    plain = "".join(part["text"] for part in document.get("parts", []))
    return ANSWER % {"attributes": attributes, "json": script, "plain": plain}


def thread(*messages: str, conversation: str = "c1") -> str:
    return THREAD % {
        "conversation": conversation,
        "messages": "".join(messages),
        "question": QUESTION % "",
        "answer": answer(),
    }


class ChatPage:
    """What a person sees and does."""

    def __init__(self, page: Page, api: ChatApi) -> None:
        self.page = page
        self.api = api
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self) -> None:
        self.page.goto(self.api.url)

    def ask(self, text: str) -> None:
        self.page.locator("textarea").fill(text)
        self.page.locator("textarea").press("Enter")

    @property
    def composer(self) -> Locator:
        return self.page.locator("chat-composer")

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.page.locator("live-answer").last

    def shows(self, text: str) -> None:
        """The answer comes to read just so."""
        expect(self.answer.locator("[data-body]")).to_have_text(text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def until(self, condition: str) -> None:
        """Waits for an expression to hold. (Playwright's own way needs `eval`.)"""
        self.page.evaluate(
            "() => new Promise((resolve) => {"
            f"const look = () => ({condition}) ? resolve(true) : requestAnimationFrame(look);"
            "look(); })"
        )

    def in_page(self, script: str) -> Any:
        return self.page.evaluate(script)


@contextmanager
def chat_page(browser: Browser, body: str) -> Iterator[ChatPage]:
    with serving_chat(body) as api, browser.new_context(has_touch=False) as context:
        page = ChatPage(context.new_page(), api)
        page.open()
        yield page
        assert page.errors == []
        assert api.strange == []
        assert page.in_page("harness.violations") == []
