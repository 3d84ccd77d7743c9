"""Cursors: where a reader is in a log, as opaque text.

``<the last 12 hex digits of the generation's key>-<seq>``: enough to tell a cursor of another
generation. Nothing (or seq 0) is the start of every log.
"""

from __future__ import annotations

import re
from uuid import UUID

_SHAPE = re.compile(r"([0-9a-f]{12})-(0|[1-9][0-9]{0,9})", re.ASCII)


def prefix(key: UUID) -> str:
    """What every cursor of this generation starts with."""
    return f"{key.hex[-12:]}-"


def cursor(key: UUID, seq: int) -> str:
    return f"{prefix(key)}{seq}"


def position(key: UUID, text: str) -> int | None:
    """The seq that a cursor stands for; ``None`` when it is malformed or another generation's."""
    if not text:
        return 0
    match = _SHAPE.fullmatch(text)
    if match is None or match[1] != key.hex[-12:]:
        return None
    return int(match[2])
