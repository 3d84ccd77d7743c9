"""Text as HTML: escaped, whole, and with what is hidden in it named."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from conversations.admin.plain_text import excerpt, line, plain
from streaming.events import dumps

#: Everything, lone surrogates too, and the difficult ones often.
TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("<>&\"'\r\n\t\0\u2028\u202e\u200b\ufeff\ud800"))
)


def read_back(markup: str) -> str:
    """What the DOM's text would be (tests/admin/test_browser.py asks a real one)."""
    assert re.findall(r"<(?!span class=\"hidden-char\" data-code=\"U\+|/span>)", markup) == []
    return html.unescape(re.sub(r"<[^>]*>", "", markup).replace("&#13;", "\r"))


@given(TEXTS)
def test_it_keeps_every_character_that_html_can_hold(text: str) -> None:
    kept = re.sub("[\0\ud800-\udfff]", "", text)
    # html.unescape follows the standard's table for C1 only in references; these are raw.
    assert read_back(plain(text)) == kept


def test_it_lets_no_markup_through() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;"
    assert plain(hostile) == html.escape(hostile)


def test_it_names_what_is_hidden() -> None:
    markup = plain("a\u202eb\0c\rd")
    codes = re.findall(r'data-code="([^"]*)"', markup)
    assert codes == ["U+202E", "U+0000", "U+000D"]


def test_it_leaves_emoji_alone() -> None:
    family = "👩\u200d👩\u200d👧 ❤\ufe0f 🏴\U000e0067\U000e007f"
    assert plain(family) == family


def test_it_says_how_much_it_cut() -> None:
    assert plain("abcdef", 4) == 'abcd<span class="cut">… 2 more characters</span>'
    assert plain("abcd", 4) == "abcd"


def test_it_makes_one_line_of_many() -> None:
    assert line("a\n\n  b\u2028c") == '<bdi class="line">a b c</bdi>'
    assert line("") == "—"
    assert len(re.sub(r"<[^>]*>", "", line("x" * 10_000, 40))) == 40


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 300))
def test_it_excerpts_stored_parts_cut_anywhere(text: str, length: int) -> None:
    stored = dumps([{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": text}])
    found = excerpt(stored[:length])
    assert text.startswith(found) or found.startswith("(reasoning) H")


def test_it_excerpts_what_was_said_before_what_was_thought() -> None:
    parts = [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": 'A "quote"\n\\'}]
    assert excerpt(dumps(parts)) == 'A "quote"\n\\'
    assert excerpt(dumps(parts[:1])) == "(reasoning) Hm."
    assert excerpt(None) == excerpt("[]") == ""
