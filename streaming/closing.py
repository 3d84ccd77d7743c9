"""Closing: what a terminal event makes of its generation, in the event's own transaction."""

from __future__ import annotations

from django.db.models.functions import Now

from .accounts import Usage
from .events import Done, Event, Failed, Incomplete, Stopped
from .log.base import Claim, Entry
from .models import Generation


def close(claim: Claim, entry: Entry) -> None:
    """Set state, account and end. The caller has appended the entry and holds the epoch."""
    Generation.objects.filter(pk=claim.generation_id, epoch=claim.epoch).update(
        state=entry.name,
        last_seq=entry.seq,
        lease_until=None,
        ended_at=Now(),
        **_account(entry.event),
    )


def _account(event: Event) -> dict[str, object]:
    """A terminal event as the columns of :class:`Generation`."""
    match event:
        case Done(finish_reason, usage, timings):
            return {"outcome": finish_reason, **_usage(usage), **timings.as_json()}
        case Stopped(_, usage, timings):
            return {"outcome": "stopped", **_usage(usage), **timings.as_json()}
        case Incomplete(reason, usage, timings):
            return {"outcome": reason, **_usage(usage), **timings.as_json()}
        case Failed(code, message, recoverable, timings):
            return {
                "outcome": code,
                "error_message": message,
                "recoverable": recoverable,
                **timings.as_json(),
            }
    raise ValueError(f"{event.name} ends nothing")


def _usage(usage: Usage) -> dict[str, object]:
    data = usage.as_json()
    return {"usage_exact": data.pop("exact"), **data}
