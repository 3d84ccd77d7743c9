"""The runs that an answer took, and where in its text each began."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html

from streaming.events import Started, decode
from streaming.fold import Fold
from streaming.models import Generation
from streaming.parts import visible_text

from .figures import amount
from .plain_text import plain

#: How many characters before a seam are shown.
QUOTED = 60


def runs(generation: Generation) -> list[tuple[str, Any]]:
    """One for each run but the first: where the seams are. Costs the log, if there are any."""
    if generation.attempt < 2:
        return []
    found: list[tuple[str, Any]] = []
    fold = Fold()
    rows = generation.entries.order_by("seq").values_list("seq", "name", "data").iterator()
    try:
        for seq, name, data in rows:
            event = decode(name, data)
            if isinstance(event, Started) and event.attempt > 1:
                found.append((f"Run {event.attempt}", _seam(seq, visible_text(fold.parts))))
            fold.apply(event)
    except (KeyError, TypeError, ValueError) as error:
        found.append(("Unreadable log", plain(repr(error))))
    return found


def _seam(seq: int, text: str) -> Any:
    if not text:
        return f"from entry {amount(seq)}, before anything was said"
    return format_html(
        "from entry {}, behind {} characters: “{}{}”",
        amount(seq),
        amount(len(text)),
        "…" if len(text) > QUOTED else "",
        plain(text[-QUOTED:]),
    )
