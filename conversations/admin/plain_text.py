"""Text that somebody else wrote, as HTML that shows it and does nothing."""

from __future__ import annotations

import json
import re

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from .figures import NONE

#: What is not seen, or moves what is seen: controls, directions and their isolates, line breaks
#: other than LF, spaces of no width. Joiners and variation selectors are not: emoji need them.
HIDDEN = re.compile(
    "([\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ud800-\udfff])"
)
#: A part as :func:`streaming.events.dumps` writes it, up to its last whole character.
_PART = re.compile(r'\{"type":"(\w+)","text":"((?:[^"\\]|\\u[0-9a-f]{4}|\\[^u])*)')


def plain(text: str, limit: int | None = None) -> SafeString:
    """All of ``text``, escaped; the DOM's text is equal to it to the code point.

    What is hidden is named beside itself by the style sheet and cannot reorder its neighbours.
    NUL and lone surrogates, which HTML cannot hold, are named only. Past ``limit`` characters
    it says how many more there are.
    """
    pieces = HIDDEN.split(text if limit is None else text[:limit])
    html = format_html_join(
        "",
        "{}",
        (
            (_hidden(piece) if index % 2 else escape(piece),)
            for index, piece in enumerate(pieces)
            if piece
        ),
    )
    if limit is not None and len(text) > limit:
        rest = f"{len(text) - limit:,}"
        return format_html('{}<span class="cut">… {} more characters</span>', html, rest)
    return html


def _hidden(character: str) -> SafeString:
    code = f"U+{ord(character):04X}"
    if character == "\r":
        # The parser makes LF of a bare CR, but not of a reference to one.
        return format_html('<span class="hidden-char" data-code="{}">&#13;</span>', code)
    kept = "" if character == "\0" or "\ud800" <= character <= "\udfff" else character
    return format_html('<span class="hidden-char" data-code="{}">{}</span>', code, kept)


def line(text: str, limit: int = 100) -> SafeString:
    """The beginning of ``text`` as one line, for a cell of a table."""
    short = " ".join(text[: limit * 4].split())
    short = short if len(short) <= limit else f"{short[: limit - 1]}…"
    return format_html('<bdi class="line">{}</bdi>', plain(short)) if short else SafeString(NONE)


def excerpt(head: str | None) -> str:
    """What the first characters of a message's stored parts say; no reasoning if there is text."""
    texts = {"": ""}
    for kind, text in _PART.findall(head or ""):
        texts.setdefault(kind, json.loads(f'"{text}"'))
    return next((texts[kind] for kind in ("text", "refusal") if texts.get(kind)), "") or next(
        (f"({kind}) {text}" for kind, text in texts.items() if text), ""
    )
