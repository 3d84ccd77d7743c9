"""However a message arrives, it ends as it would have been shown at once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .markdown_page import MarkdownPage, markdown_page

VECTORS = Path(__file__).parent.parent / "vectors"
SAMPLES = {
    sample["name"]: sample["text"] for sample in json.loads((VECTORS / "markdown.json").read_text())
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[MarkdownPage]:
    with markdown_page(browser) as page:
        yield page


def chopped(text: str, seed: int) -> list[str]:
    dice = random.Random(seed)
    pieces = []
    while text:
        length = dice.randint(1, 9 if seed % 3 else 60)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


@pytest.mark.parametrize("name", SAMPLES)
def test_it_ends_as_the_whole_however_it_is_cut(page: MarkdownPage, name: str) -> None:
    for seed in range(12):
        assert page.call("endsAsWhole", chopped(SAMPLES[name], seed)), f"seed {seed}"
    assert page.incidents() == []


def test_it_never_touches_a_block_again_that_is_closed(page: MarkdownPage) -> None:
    for seed in range(5):
        assert page.call("keptNodes", chopped(SAMPLES["many blocks"], seed)), f"seed {seed}"


def test_it_keeps_the_items_of_a_list_that_grows(page: MarkdownPage) -> None:
    pieces = [f"- item {number}\n" for number in range(50)]
    assert page.call("keptItems", pieces)


def test_it_builds_what_markdown_means(page: MarkdownPage) -> None:
    shown = page.call("outline", SAMPLES["real answer"])
    assert shown["html"].startswith("<h3>Plan</h3><p>Here is <strong>what</strong> to do:</p><ol>")
    assert '<span class="language">bash</span>' in shown["html"]
    assert '<th class="center">does</th>' in shown["html"]
    assert "<blockquote><p><strong>Note</strong>\ncareful</p></blockquote>" in shown["html"]
    assert 'href="https://example.com/ref"' in shown["html"]
    assert 'print(f"{i}")' in shown["text"]


def test_it_shows_tasks_as_boxes_that_cannot_be_ticked(page: MarkdownPage) -> None:
    html = page.call("whole", "- [ ] todo\n- [x] done\n")
    assert html.count('<li class="task"><input type="checkbox" disabled="">') == 2
