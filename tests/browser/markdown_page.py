"""A page in Chromium that shows Markdown, under the product's own policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from .modules import Modules, serving

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class MarkdownPage:
    """The harness of ``harness.js``, and everything suspicious that happened since it was asked."""

    def __init__(self, page: Page, modules: Modules) -> None:
        self.page = page
        self._modules = modules
        self._happened: list[str] = []
        page.on("request", lambda request: self._happened.append(f"request {request.url}"))
        page.on("dialog", lambda dialog: self._happened.append(f"dialog {dialog.message}"))
        page.on("pageerror", lambda error: self._happened.append(f"error {error}"))
        page.on("console", lambda line: self._happened.append(f"console {line.text}"))
        page.on("popup", lambda popup: self._happened.append(f"popup {popup.url}"))

    def call(self, name: str, *arguments: Any) -> Any:
        """What ``harness[name]`` returns."""
        script = "([name, args]) => harness[name](...args)"
        return self.page.evaluate(script, [name, list(arguments)])

    def incidents(self) -> list[str]:
        """Requests, dialogs, errors, reports and scripts that ran, since the last call."""
        happened, self._happened = self._happened, []
        happened += self._modules.reports + self.page.evaluate("harness.violations.splice(0)")
        if self.page.evaluate("'pwned' in window"):
            happened.append("a script ran")
        return happened


@contextmanager
def markdown_page(browser: Browser) -> Iterator[MarkdownPage]:
    with serving(Modules()) as modules:
        page = MarkdownPage(browser.new_page(), modules)
        page.page.goto(modules.url)
        page.incidents()
        yield page
        page.page.close()
