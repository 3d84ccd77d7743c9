"""Negotiation: how an answer travels, by ``Accept`` and ``Prefer``."""

from __future__ import annotations

from django.http import HttpRequest

from streaming.wire.base import Wire
from streaming.wire.sse import ServerSentEvents

#: The wires of answering calls and ``events``. A new one is one file and one line.
WIRES: dict[str, type[Wire]] = {wire.content_type: wire for wire in (ServerSentEvents,)}
JSON = "application/json"


def wire_of(request: HttpRequest) -> type[Wire] | None:
    """The wire that ``Accept`` asks for; ``None`` for JSON in one piece, which is the default."""
    preferred = request.get_preferred_type([JSON, *WIRES])
    return WIRES.get(preferred or JSON)


def responds_async(request: HttpRequest) -> bool:
    """Whether ``Prefer: respond-async`` (RFC 7240) was sent."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(p.split(";")[0].strip().lower() == "respond-async" for p in preferences)
