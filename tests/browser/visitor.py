"""A person in front of a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.simulator import Script, Simulator
from tests.site import Site

#: How long anything may take that has no reason to take long.
PATIENCE_MS = 20_000

#: Accounts that are signed in already: one command makes many.
PEOPLE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from conversations.models import Person
made = []
for n in range({count}):
    person = Person.objects.create(username=f"visitor-{{Person.objects.count()}}")
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    made.append(session.session_key)
print(json.dumps(made))
"""


def sessions(site: Site, count: int) -> list[str]:
    """Session keys of as many people as nobody has seen before."""
    script = PEOPLE.format(count=count)
    made: list[str] = json.loads(site.manage("shell", "--no-imports", "-c", script))
    return made


class Visitor:
    """One browser profile and its first tab; whatever goes wrong in any tab is an incident."""

    def __init__(self, context: BrowserContext, url: str, simulator: Simulator) -> None:
        self.context = context
        self.url = url
        self.simulator = simulator
        #: What pictures of this visit are called by.
        self.tag = ""
        self.incidents: list[str] = []
        context.on("console", lambda line: self._note(line.type, line.text))
        context.on("weberror", lambda error: self.incidents.append(str(error.error)))
        self.page = self.tab()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.incidents.append(text)

    def forgive(self, *words: str) -> None:
        """Incidents with any of these words were to be expected."""
        self.incidents = [i for i in self.incidents if not any(word in i for word in words)]

    def tab(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    def go(self, path: str = "/", page: Page | None = None) -> None:
        (page or self.page).goto(self.url + path)

    # ---------------------------------------------------------------- the conversation
    def ask(self, what: Script | str, words: str = "Tell me.") -> None:
        """Write, and press Enter; where there is no key for a new line Enter makes one, so tap."""
        text = what if isinstance(what, str) else f"{words} {what}"
        self.page.locator("chat-composer[state]").wait_for()
        self.page.get_by_label("Your message").fill(text)
        if self.page.evaluate("matchMedia('(pointer: coarse)').matches"):
            self.page.get_by_role("button", name="Send").tap()
        else:
            self.page.get_by_label("Your message").press("Enter")

    def answer(self, page: Page | None = None) -> Answer:
        """The last one on the page."""
        return Answer((page or self.page).locator("[data-messages] live-answer").last)

    @property
    def conversation(self) -> str:
        """The conversation's id, from the address."""
        self.page.wait_for_url("**/c/*/")
        return self.page.url.split("/")[-2]

    def fetch(self, path: str) -> Any:
        """JSON from the API, as this person gets it."""
        response = self.context.request.get(self.url + path)
        assert response.ok, response.text()
        return response.json()


class Answer:
    """A ``<live-answer>`` on a page."""

    def __init__(self, element: Locator) -> None:
        self.element = element
        self.page = element.page

    @property
    def text(self) -> str:
        """Its visible source, as the element holds it."""
        text: str = self.element.evaluate("answer => answer.text")
        return text

    @property
    def words(self) -> str:
        """What one sees of it, white space made one."""
        return " ".join(self.element.locator("[data-body]").inner_text().split())

    @property
    def message(self) -> str:
        return self.element.get_attribute("message") or ""

    def begins(self, characters: int = 20) -> Answer:
        """Waits until so many characters are there."""
        body = self.element.locator("[data-body]")
        expect(body).to_have_text(
            _longer_than(characters), use_inner_text=True, timeout=PATIENCE_MS
        )
        return self

    def becomes(self, status: str) -> Answer:
        """Waits until it has this status."""
        expect(self.element).to_have_attribute("status", status, timeout=PATIENCE_MS)
        return self

    def says(self, words: str) -> Answer:
        """Waits until its quiet line holds these words."""
        state = self.element.locator("[data-state]")
        expect(state).to_contain_text(words, timeout=PATIENCE_MS)
        return self

    def press(self, name: str) -> None:
        self.element.get_by_role("button", name=name).click()


def _longer_than(characters: int) -> Any:
    return re.compile(rf"[\s\S]{{{characters},}}")


@contextmanager
def visiting(
    browser: Browser, url: str, simulator: Simulator, session: str = "", **context: Any
) -> Iterator[Visitor]:
    """A fresh profile, signed in with ``session``. Nothing went wrong in it when it closes."""
    opened = browser.new_context(**context)
    if session:
        opened.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    try:
        visitor = Visitor(opened, url, simulator)
        yield visitor
        assert not visitor.incidents, visitor.incidents
    finally:
        opened.close()
