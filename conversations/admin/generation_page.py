"""What the page of one generation shows: how it went, what was asked, and its log."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Left, Length

from streaming.events import dumps
from streaming.models import Generation
from streaming.prompt import Prompt

from .figures import NONE, amount, duration, moment, pace, price
from .plain_text import plain
from .runs import runs
from .shown import LIMIT, shown_parts

#: Rows of the log on one page, and the characters of each that it shows.
ROWS = 200
ROW_LIMIT = 2_000


def page(generation: Generation, after: str | None, whole: bool, may_stop: bool) -> dict[str, Any]:
    """The template's context; the log from behind ``after``, prompts uncut with ``whole``."""
    return {
        "subtitle": None,
        "name": plain(generation.model),
        "message": getattr(generation, "message", None),
        "sections": [
            ("Course", _course(generation)),
            ("Usage", _usage(generation)),
            ("Outcome", _outcome(generation)),
            *([("Seams", seams)] if (seams := runs(generation)) else []),
        ],
        "error": plain(generation.error_message, None if whole else LIMIT),
        "prompt": _prompt(generation.prompt, None if whole else LIMIT),
        "labels": plain(dumps(generation.labels), LIMIT),
        "cut": not whole and len(generation.prompt) > LIMIT,
        "may_stop": may_stop,
        **_log(generation, int(after) if after and after.isdecimal() and len(after) < 10 else 0),
    }


def _course(generation: Generation) -> list[tuple[str, Any]]:
    return [
        ("Created", moment(generation.created_at)),
        ("Started", moment(generation.started_at)),
        ("Ended", moment(generation.ended_at)),
        ("Waited in the queue", duration(generation.queued_ms)),
        ("First token after", duration(generation.first_token_ms)),
        ("In all", duration(generation.total_ms)),
        ("Pace", pace(generation.tokens_per_second)),
        ("Runs", amount(generation.attempt)),
        ("of these lost", amount(generation.losses)),
        ("Epoch", amount(generation.epoch)),
        ("Run by", plain(generation.lease_owner) or "nobody"),
        ("Lease until", moment(generation.lease_until)),
    ]


def _usage(generation: Generation) -> list[tuple[str, Any]]:
    counted = "the provider" if generation.usage_exact else "our estimate"
    return [
        ("Tokens in", amount(generation.input_tokens)),
        ("of these cached", amount(generation.cached_tokens)),
        ("Tokens out", amount(generation.output_tokens)),
        ("of these reasoning", amount(generation.reasoning_tokens)),
        ("Counted by", counted if generation.usage else NONE),
        ("Cost", price(generation.cost)),
    ]


def _outcome(generation: Generation) -> list[tuple[str, Any]]:
    return [
        ("Outcome", plain(generation.outcome) or NONE),
        ("Worth another try", "yes" if generation.recoverable else "no"),
        ("Asked to stop", moment(generation.stop_requested_at)),
        ("Receipt", str(generation.stop_receipt or NONE)),
        ("Last entry of the log", amount(generation.last_seq)),
        ("Log", "compacted" if generation.compacted else "as it was written"),
    ]


def _prompt(text: str, limit: int | None) -> dict[str, Any]:
    """Its turns; the bare text of one that cannot be read."""
    try:
        prompt = Prompt.from_json(text)
    except (AttributeError, KeyError, TypeError, ValueError):
        return {"raw": plain(text, limit)}
    return {
        "system": plain(prompt.system, limit),
        "turns": [(plain(turn.role), shown_parts(turn.parts, limit)) for turn in prompt.turns],
        "options": plain(dumps(prompt.options), limit) if prompt.options else "",
        "partial": shown_parts(prompt.partial, limit),
    }


def _log(generation: Generation, after: int) -> dict[str, Any]:
    """One page of entries, of each its beginning: the database cuts them."""
    rows = (
        generation.entries.filter(seq__gt=after)
        .order_by("seq")
        .annotate(head=Left("data", ROW_LIMIT), length=Length("data"))
        .values_list("seq", "epoch", "name", "head", "length")[: ROWS + 1]
    )
    entries = [
        {
            "seq": seq,
            "epoch": epoch,
            "name": plain(name),
            "data": plain(head),
            "more": max(0, length - ROW_LIMIT),
        }
        for seq, epoch, name, head, length in rows
    ]
    return {
        "entries": entries[:ROWS],
        "after": after,
        "next": entries[ROWS - 1]["seq"] if len(entries) > ROWS else None,
    }
