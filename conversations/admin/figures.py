"""Times, durations and amounts, as a table shows them."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

NONE = "—"
#: Holds a number and its unit together.
GAP = "\u00a0"


def moment(when: datetime | None) -> SafeString | str:
    """To the second, in UTC."""
    if when is None:
        return NONE
    when = when.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{}</time>', when.isoformat(), f"{when:%Y-%m-%d %H:%M:%S}"
    )


def duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return NONE
    if milliseconds < 1000:
        return f"{milliseconds}{GAP}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f}{GAP}s"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes:,}{GAP}min {seconds:02}{GAP}s"


def amount(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def price(cost: float | None) -> str:
    return NONE if cost is None else f"{cost:,.4f}"


def pace(tokens_per_second: float | None) -> str:
    return NONE if tokens_per_second is None else f"{tokens_per_second:,.1f}{GAP}tokens/s"
