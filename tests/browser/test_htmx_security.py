"""htmx under the page's policy: it swaps what our server sends, and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from playwright.sync_api import Browser, Page, expect

from .modules import Modules, serving

BODY = """<div id="stage"></div>
<button hx-post="/part" hx-target="#out">Post</button>
<button hx-get="/part" hx-target="#out">Get</button>
<button hx-on:click="window.pwned = 1">On</button>
<button hx-get="/part" hx-vals="js:{a: window.pwned = 1}">Vals</button>
<button hx-get="/part" hx-trigger="click[window.pwned = 1]">Filter</button>
<button hx-get="https://elsewhere.example/part">Elsewhere</button>
<div id="out"></div>"""
PART = b"""<p>Swapped <b>in</b></p><script>window.pwned = 1</script>
<script type="application/json">{"a": 1}</script><img src="data:," onerror="window.pwned = 1">"""


class Parts(Modules):
    def __init__(self) -> None:
        super().__init__()
        self.body = BODY
        self.requests: list[tuple[str, str | None]] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> bool:
        self.requests.append((handler.command, handler.headers["X-CSRFToken"]))
        handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(PART)))
        handler.end_headers()
        handler.wfile.write(PART)
        return True


@pytest.fixture
def parts() -> Iterator[Parts]:
    with serving(Parts()) as parts:
        assert isinstance(parts, Parts)
        yield parts


@pytest.fixture
def page(browser: Browser, parts: Parts) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(parts.url)
    yield page
    assert page.evaluate("'pwned' in window") is False
    page.close()


def test_it_swaps_what_our_server_sends_and_lets_no_script_in(page: Page, parts: Parts) -> None:
    page.get_by_role("button", name="Post").click()
    expect(page.locator("#out b")).to_have_text("in")
    assert page.locator("#out script").all_text_contents() == ["", ""]
    assert parts.requests == [("POST", "the-token")]


def test_it_gives_the_token_to_no_safe_request(page: Page, parts: Parts) -> None:
    page.get_by_role("button", name="Get").click()
    expect(page.locator("#out b")).to_have_text("in")
    assert parts.requests == [("GET", None)]


@pytest.mark.parametrize("name", ["On", "Vals", "Filter"])
def test_it_runs_no_script_out_of_an_attribute(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Post").click()
    expect(page.locator("#out b")).to_have_text("in")


def test_it_asks_no_other_origin(page: Page, parts: Parts) -> None:
    page.get_by_role("button", name="Elsewhere").click()
    page.get_by_role("button", name="Post").click()
    expect(page.locator("#out b")).to_have_text("in")
    assert parts.requests == [("POST", "the-token")]
