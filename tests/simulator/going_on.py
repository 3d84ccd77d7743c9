"""Going on with a partial answer: where it is in a request, and what is said from there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .script import Script

#: How a request quotes the end of an answer that was cut off (streaming/providers/continuing.py).
QUOTED = re.compile(r"<end>(.*)</end>", re.DOTALL)
#: Characters of a token of the rest, which has lost the boundaries that the first call had.
PIECE = 5

_FENCE = re.compile(r"^ {0,3}```(.*)$", re.MULTILINE)


def script_in(body: dict[str, Any]) -> tuple[Script, str]:
    """The newest script in the request, and what the answer to it already says.

    That is the assistant's turn behind the script: at the very end (prefill), or followed by a
    user's who asks to go on. A quotation alone, with no such turn, does as well.
    """
    said = quoted = ""
    for role, text in reversed(_turns(body)):
        if role == "assistant":
            said = said or text
        elif role == "user" and (script := Script.find(text)) is not None:
            return script, said or _from_quotation(script, quoted)
        elif not quoted and (match := QUOTED.search(text)) is not None:
            quoted = match[1]
    script = Script.find(body["model"]) or Script()
    goes_on = bool(quoted) or (_turns(body) or [("", "")])[-1][0] == "assistant"
    return script, (said or _from_quotation(script, quoted)) if goes_on else ""


def _turns(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Role and text of each, for all wires."""
    turns: Sequence[dict[str, Any]] = body["input"] if "input" in body else body["messages"]
    return [(turn["role"], _text(turn["content"])) for turn in turns]


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _from_quotation(script: Script, quoted: str) -> str:
    text = script.text()
    return text[: text.index(quoted) + len(quoted)] if quoted and quoted in text else ""


def rest(script: Script, said: str) -> Iterator[str] | None:
    """The tokens of an answer that goes on behind ``said``.

    ``None`` when the whole answer is to be said: nothing was said yet, what was said is not the
    beginning of this script's answer, or the script wants it so.
    """
    text = script.text()
    if script.resume != "exact" or not said or not text.startswith(said):
        return None
    before = script.preamble
    if script.fence and (language := _open_fence(said)) is not None:
        before += f"```{language}\n"
    return _pieces(before + text[max(0, len(said) - script.overlap) :])


def _open_fence(said: str) -> str | None:
    """The language of the code block that ``said`` ends in; ``None`` outside of any."""
    fences = _FENCE.findall(said)
    return fences[-1].strip() if len(fences) % 2 else None


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]
