from __future__ import annotations

import re
from pathlib import Path

from conversations.pages.words import INCOMPLETE, folded

WORDS = Path(__file__).parents[2] / "static/js/helpers/words.js"


def test_it_says_the_same_with_and_without_scripts() -> None:
    english = dict(re.findall(r'^  (\w+): "([^"]+)",$', WORDS.read_text(), re.MULTILINE))
    assert {f"incomplete_{reason}": str(words) for reason, words in INCOMPLETE.items()} == {
        key: words for key, words in english.items() if key.startswith("incomplete_")
    }
    assert folded("reasoning", "") == english["reasoning"]
    assert folded("tool_result", "") == english["tool_result"]
    assert folded("tool_call", "x") == english["tool_call"].replace("{name}", "x")
