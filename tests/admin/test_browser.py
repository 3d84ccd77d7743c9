"""The admin in a real browser: its scripts work, and nothing else ever runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

from conversations.models import Person
from streaming.models import Generation
from tests.factories import PASSWORD, GenerationFactory

from . import hostile
from .conftest import exchange, listing, page

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed"),
]

#: Everything that UTF-8 can hold and HTML can show, the awkward parts first.
DIFFICULT = (
    "\n\nTwo empty lines, then\r\nCRLF, \rCR, tab\tand \x0b\x1b controls, "
    'data: {"x": "</div>"}\n\n👩\u200d👩\u200d👧\u200d👦 '
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f "
    "e\u0301 \u2028 \u202eright-to-left\u202c &amp; &#13; "
    "<!-- <script>alert(1)</script>\u00a0 trailing \n"
)


@dataclass
class Browsing:
    """A signed-in page and everything that went wrong on it."""

    page: Page
    base: str
    wrongs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.wrongs.append(f"dialog: {dialog.message}"))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrongs.append(f"{self.page.url}: {message.text}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.base).netloc:
            self.wrongs.append(f"request: {request.url}")

    def visit(self, path: str) -> None:
        response = self.page.goto(self.base + path)
        assert response is not None
        assert response.status == 200, path


@pytest.fixture
def context(live_server: LiveServer) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_context(base_url=live_server.url)
        browser.close()


@pytest.fixture
def session(admin: Client) -> str:
    """Made before the browser is: what asks the database must not share its thread's loop."""
    return admin.cookies["sessionid"].value


def sign_in(context: BrowserContext, url: str, session: str) -> Browsing:
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    return Browsing(context.new_page(), url)


@pytest.fixture
def attacked(session: str) -> list[str]:
    return hostile.pages(hostile.plant())


def test_it_runs_nothing_that_anybody_wrote(
    attacked: list[str], session: str, live_server: LiveServer, context: BrowserContext
) -> None:
    browsing = sign_in(context, live_server.url, session)
    for path in attacked:
        browsing.visit(path)
    assert browsing.wrongs == []


@pytest.fixture
def said(session: str) -> str:
    return page(exchange(answer=DIFFICULT).conversation)


def test_it_shows_a_text_to_the_code_point(
    said: str, session: str, live_server: LiveServer, context: BrowserContext
) -> None:
    browsing = sign_in(context, live_server.url, session)
    browsing.visit(said)
    shown = browsing.page.locator(".said .text").nth(1)
    assert shown.evaluate("element => element.textContent") == DIFFICULT
    assert shown.locator("*:not(.hidden-char)").count() == 0


@pytest.fixture
def running(session: str) -> Generation:
    GenerationFactory.create_batch(3, done=True)
    return GenerationFactory.create(running=True)


def test_it_stops_an_answer_with_its_button(
    running: Generation, session: str, live_server: LiveServer, context: BrowserContext
) -> None:
    browsing = sign_in(context, live_server.url, session)
    browsing.visit(page(running))
    browsing.page.get_by_role("button", name="Stop this answer").click()
    assert browsing.page.locator(".messagelist").inner_text() == f"Asked {running} to stop."
    assert browsing.wrongs == []


def test_it_keeps_djangos_scripts_working(
    running: Generation, session: str, live_server: LiveServer, context: BrowserContext
) -> None:
    browsing = sign_in(context, live_server.url, session)
    browsing.visit(listing(Generation))
    browsing.page.locator("#action-toggle").check()
    assert browsing.page.locator(".action-counter").inner_text() == "4 of 4 selected"
    before = browsing.page.locator("html").get_attribute("data-theme")
    browsing.page.locator(".theme-toggle").first.click()
    assert browsing.page.locator("html").get_attribute("data-theme") != before
    browsing.page.get_by_label("Outcome").fill("stop")
    browsing.page.get_by_label("Outcome").press("Enter")
    browsing.page.wait_for_url("**outcome=stop**")
    assert browsing.page.locator("#result_list tbody tr").count() == 3
    assert browsing.wrongs == []


def test_it_signs_in_through_the_products_page(
    administrator: Person, live_server: LiveServer, context: BrowserContext
) -> None:
    browsing = Browsing(context.new_page(), live_server.url)
    browsing.page.goto(f"{live_server.url}/admin/")
    browsing.page.locator("input[name=login]").fill("ada")
    browsing.page.locator("input[name=password]").fill(PASSWORD)
    browsing.page.locator("input[name=password]").press("Enter")
    browsing.page.wait_for_url(f"{live_server.url}/admin/")
    assert browsing.page.get_by_role("heading", name="Administration").is_visible()
