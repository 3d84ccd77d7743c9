"""No message does anything but be shown, at any of its prefixes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .markdown_page import MarkdownPage, markdown_page

VECTORS = Path(__file__).parent.parent / "vectors"
HOSTILE: list[str] = json.loads((VECTORS / "hostile.json").read_text())

#: Too long for every prefix; each in pieces.
LONG = {
    "quotes": ">" * 5_000 + " deep",
    "quotes with spaces": "> " * 5_000 + "deep",
    "quotes in lines": "".join(">" * depth + " x\n" for depth in range(1, 200)),
    "lists": "- " * 5_000 + "deep",
    "lists in lines": "".join("  " * depth + "- x\n" for depth in range(300)),
    "numbers": "1. " * 5_000 + "deep",
    "lists and quotes": "- > " * 3_000 + "deep",
    "emphasis": "*a **b " * 3_000,
    "closed emphasis": "*" * 5_000 + "a" + "*" * 5_000,
    "brackets": "[" * 5_000 + "a" + "]" * 5_000 + "(javascript:pwned=1)",
    "images": "![" * 3_000 + "](http://x.example)" * 3_000,
    "links": "[a](javascript:pwned=1) " * 2_000,
    "tags": "<script>pwned=1</script>" * 2_000,
    "open tags": "<img src=x onerror=pwned=1 " * 2_000,
    "backticks": "".join("`" * length + " " for length in range(300)),
    "entities": "&#x6A;&lt;script&gt;&amp;" * 2_000,
    "a fence": "```\n" + "<script>pwned=1</script>\n" * 4_000,
    "a table": "|a|b|\n|-|-|\n" + "|<script>|[x](javascript:pwned=1)|\n" * 1_000,
    "one line": "x" * 200_000,
    "one word a line": "x\n" * 20_000,
    "blocks": "a\n\n" * 120_000,
    "items": "-\n" * 150_000,
    "rows": "|a|\n|-|\n" + "|b|\n" * 60_000,
    "definitions": "".join(f"[a{i}]: javascript:pwned={i}\n" for i in range(2_000)) + "\n[a7]",
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[MarkdownPage]:
    with markdown_page(browser) as page:
        yield page


def test_it_has_enough_hostile_messages() -> None:
    assert len(set(HOSTILE)) >= 300


def test_it_shows_every_prefix_of_every_hostile_message_and_does_nothing_else(
    page: MarkdownPage,
) -> None:
    complaints = {text: found for text in HOSTILE if (found := page.call("everyPrefix", text))}
    assert not complaints
    assert page.incidents() == []


@pytest.mark.parametrize("name", LONG)
def test_it_survives_a_long_message_of(page: MarkdownPage, name: str) -> None:
    text = LONG[name]
    step = max(1, len(text) // 12)
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    assert page.call("piecesSafely", pieces) == []
    assert page.incidents() == []


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[x](javascript:pwned=1)", '<p><span class="refused">x</span></p>'),
        ("![x](data:image/png;base64,AA==)", '<p><span class="refused">x</span></p>'),
        ("[x](/accounts/logout/)", '<p><span class="refused">x</span></p>'),
        (
            "![a *cat*](https://x.example/c.png)",
            '<p><a href="https://x.example/c.png" rel="noopener noreferrer nofollow"'
            ' target="_blank" class="image">a cat</a></p>',
        ),
        ("<b onclick=pwned=1>x</b>", "<p>&lt;b onclick=pwned=1&gt;x&lt;/b&gt;</p>"),
        ("<div>\n*x*\n</div>", '<p class="html">&lt;div&gt;\n*x*\n&lt;/div&gt;</p>'),
        ("a<br>b", "<p>a<br>b</p>"),
        ("&lt;b&gt; &amp;amp; &copy;", "<p>&lt;b&gt; &amp;amp; ©</p>"),
    ],
)
def test_it_shows_what_it_refuses_as_text(page: MarkdownPage, markdown: str, html: str) -> None:
    assert page.call("whole", markdown) == html


def test_it_lets_no_string_become_html_outside_htmx(page: MarkdownPage) -> None:
    script = """() => {
        try { document.createElement("div").innerHTML = "<b>x</b>"; return "set"; }
        catch (error) { return error.name; }
    }"""
    assert page.page.evaluate(script) == "TypeError"
    policy = "() => { try { trustedTypes.createPolicy('app', {}) } catch (e) { return e.name } }"
    assert page.page.evaluate(policy) == "TypeError"
    assert "require-trusted-types-for" in "".join(page.incidents())
