"""Takes a picture of every state of the page: ``python -m tests.browser.looks [words of names]``.

They go to ``tests/browser/shots/``, to be looked at; with ``--picture`` the README's own is made.
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.api.sites import cut_off
from tests.simulator import Script, Simulator, simulator_process
from tests.site import PASSWORD, ROOT, Site, running_site

from .line import line_to
from .markdown_page import chromium
from .visitor import Visitor, sessions, visiting

SHOTS = Path(__file__).with_name("shots")
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
TOUR = "What can this page do? Show me with examples."


def photograph(page: Page) -> bytes:
    """What is on the screen at one instant; ``page.screenshot`` tears a page that scrolls."""
    camera = page.context.new_cdp_session(page)
    shot = camera.send("Page.captureScreenshot", {"captureBeyondViewport": False})
    return base64.b64decode(shot["data"])


class Photographer:
    """Visits one site in one size and scheme."""

    def __init__(self, browser: Browser, site: Site, simulator: Simulator, only: list[str]) -> None:
        self.browser = browser
        self.site = site
        self.simulator = simulator
        self.only = only

    @contextmanager
    def visitor(self, scheme: str, size: str, url: str, signed_in: bool) -> Iterator[Visitor]:
        narrow = size == "phone"
        with visiting(
            self.browser,
            url,
            self.simulator,
            sessions(self.site, 1)[0] if signed_in else "",
            color_scheme=scheme,
            viewport=SIZES[size],
            device_scale_factor=2 if narrow else 1.5,
            has_touch=narrow,
            is_mobile=narrow,
        ) as visitor:
            visitor.tag = f"{scheme}-{size}"
            yield visitor
            visitor.incidents.clear()

    def take(self, visitor: Visitor, name: str) -> None:
        if not self.only or any(word in name for word in self.only):
            visitor.page.wait_for_timeout(400)  # until what moves has arrived
            (SHOTS / f"{name}-{visitor.tag}.png").write_bytes(photograph(visitor.page))


def door(p: Photographer, alice: Visitor) -> None:
    alice.go("/accounts/login/")
    p.take(alice, "sign-in")
    alice.page.get_by_label("Username or email").fill("nobody")
    alice.page.get_by_label("Password").fill("wrong")
    alice.page.get_by_role("button", name="Sign in").click()
    p.take(alice, "sign-in-refused")
    for name, path in (("sign-up", "signup/"), ("reset", "password/reset/")):
        alice.go(f"/accounts/{path}")
        p.take(alice, name)
    alice.go("/nowhere/")
    p.take(alice, "not-found")


def home(p: Photographer, alice: Visitor) -> None:
    alice.go("/")
    p.take(alice, "home")


def tour(p: Photographer, alice: Visitor) -> None:
    alice.go("/")
    alice.ask(TOUR)
    alice.answer().begins(10)
    p.take(alice, "streaming-early")
    alice.answer().begins(500)
    p.take(alice, "streaming")
    alice.page.get_by_role("button", name="Stop").click()
    alice.answer().becomes("stopped")
    p.take(alice, "stopped")
    alice.answer().press("Try again")
    alice.page.evaluate("scrollTo(0, 0)")
    p.take(alice, "streaming-above")
    alice.answer().becomes("done")
    height: int = alice.page.evaluate("document.documentElement.scrollHeight - innerHeight")
    for step, top in enumerate(range(0, height + 500, 500)):
        alice.page.evaluate(f"scrollTo(0, {top})")
        p.take(alice, f"answer-{step}")


def troubles(p: Photographer, alice: Visitor) -> None:
    alice.go("/")
    alice.ask("Wait @@" + '{"first_after": 3, "tokens": 5}')
    expect(alice.page.locator("live-answer[empty]")).to_be_visible()
    p.take(alice, "thinking")
    alice.answer().becomes("done")
    alice.ask(cut_off(40, "reset", id=f"x{alice.tag}", tokens=60))
    alice.answer().becomes("incomplete")
    alice.ask(Script(fault="status", status=401), words="And with a wrong key?")
    alice.answer().becomes("failed")
    p.take(alice, "troubles")


def lost(p: Photographer, alice: Visitor, cut: Callable[[], None]) -> None:
    alice.go("/")
    alice.ask(Script(tokens=200, tps=40))
    alice.answer().begins(200)
    cut()
    alice.answer().says("Connection lost")
    p.take(alice, "connection-lost")


def list_and_settings(p: Photographer, alice: Visitor) -> None:
    narrow = alice.tag.endswith("phone")
    for words in ("Merging two sorted lists", "A weekend in Lisbon", "Why is the sky blue?"):
        alice.go("/")
        alice.ask(words)
        alice.answer().begins(5)
        alice.page.get_by_role("button", name="Stop").click()
        alice.answer().becomes("stopped")
    if narrow:
        alice.page.get_by_role("button", name="Conversations").tap()
        p.take(alice, "drawer")
    alice.page.locator(".account-button").click()
    p.take(alice, "menu")
    alice.page.keyboard.press("Escape")
    if narrow:
        alice.page.reload()
        alice.page.get_by_role("button", name="Conversations").tap()
    alice.page.get_by_role("link", name="Rename Why is the sky blue?").click()
    p.take(alice, "rename")
    alice.page.get_by_role("link", name="Cancel").click()
    alice.page.get_by_role("link", name="Delete Why is the sky blue?").click()
    p.take(alice, "delete")
    alice.go("/settings/")
    alice.page.get_by_label("What is it for?").fill("Nightly backup")
    alice.page.get_by_role("button", name="Create").click()
    expect(alice.page.locator(".secret")).to_be_visible()
    p.take(alice, "settings")
    alice.go("/accounts/email/")
    p.take(alice, "email")
    alice.go("/accounts/password/change/")
    p.take(alice, "password")


def everything(only: list[str]) -> None:
    SHOTS.mkdir(exist_ok=True)
    with (
        simulator_process() as simulator,
        running_site(DEMO_TOKENS_PER_SECOND="60") as demo,
        running_site(
            OPENAI_API_KEY="sk-test",
            OPENAI_BASE_URL=simulator.base_url_openai,
            CHAT_MODELS="openai/simulated",
        ) as faulty,
        chromium() as browser,
    ):
        for scheme in ("light", "dark"):
            for size in SIZES:
                p = Photographer(browser, demo, simulator, only)
                with p.visitor(scheme, size, demo.url, signed_in=False) as nobody:
                    door(p, nobody)
                for walk in (home, tour, list_and_settings):
                    with p.visitor(scheme, size, demo.url, signed_in=True) as alice:
                        walk(p, alice)
                p = Photographer(browser, faulty, simulator, only)
                with p.visitor(scheme, size, faulty.url, signed_in=True) as alice:
                    troubles(p, alice)
                port = int(faulty.url.rpartition(":")[2])
                with (
                    line_to(port) as line,
                    p.visitor(scheme, size, line.url, signed_in=True) as alice,
                ):
                    lost(p, alice, line.cut)
                print(scheme, size, flush=True)


#: What else somebody may have talked about.
LISTED = """
from conversations.models import Conversation, Person
alice = Person.objects.get()
for title in (
    "Names for a sailing boat",
    "Postgres: why is this query slow?",
    "A weekend in Lisbon",
    "Letter to the landlord",
    "Merging two sorted lists",
):
    Conversation.objects.create(owner=alice, title=title)
"""


def picture() -> None:
    """The README's: an answer of the demo's, half way."""
    with (
        simulator_process() as simulator,
        running_site(DEMO_TOKENS_PER_SECOND="60") as demo,
        chromium() as browser,
        visiting(
            browser, demo.url, simulator, viewport=SIZES["desktop"], device_scale_factor=1.5
        ) as alice,
    ):
        alice.go("/")
        alice.page.get_by_label("Username").fill("alice")
        alice.page.get_by_label("Password").fill(PASSWORD)
        alice.page.get_by_role("button", name="Sign up").click()
        demo.manage("shell", "--no-imports", "-c", LISTED)
        alice.page.reload()
        alice.ask(TOUR)
        alice.answer().begins(740)
        (ROOT / "docs" / "picture.png").write_bytes(photograph(alice.page))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", action="store_true")
    parser.add_argument("only", nargs="*")
    wish = parser.parse_args()
    if wish.picture:
        picture()
    else:
        everything(wish.only)
