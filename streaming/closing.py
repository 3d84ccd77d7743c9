"""Closing: what events make of their generation, in the events' own transaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, PositiveSmallIntegerField, When
from django.db.models.functions import Now
from django.dispatch import Signal

from .accounts import Usage
from .events import Done, Event, Failed, Incomplete, Started, Stopped
from .log.base import Batch, Claim, Entry
from .models import Generation
from .parts import Part

#: Sent with ``generation_id`` and its final ``parts`` (``None``: to be folded from the log) in the
#: transaction of the terminal event. What a receiver raises is as if the transaction had failed.
ended = Signal()
#: The longest outcome, in characters.
OUTCOME = 100


def keep(batch: Batch) -> None:
    """Note what a batch that was just written says beside its text. The caller holds the epoch."""
    news: dict[str, object] = {}
    if batch.resume is not None:
        news["provider_cursor"] = batch.resume
    for entry in batch.entries:
        if entry.name == Started.name and (attempt := entry.event.data()["attempt"]) > 1:
            news |= {"attempt": attempt, "losses": _loss_by(attempt)}
    if news:
        claim = batch.claim
        Generation.objects.filter(pk=claim.generation_id, epoch=claim.epoch).update(**news)
    if batch.entries[-1].terminal:
        close(batch.claim, batch.entries[-1], batch.parts)


def _loss_by(attempt: int) -> Case:
    """One more for each run, unless whoever took it over has counted it already."""
    more = When(attempt__lt=attempt, then=F("losses") + attempt - F("attempt"))
    return Case(more, default=F("losses"), output_field=PositiveSmallIntegerField())


def close(claim: Claim, entry: Entry, parts: Sequence[Part] | None) -> None:
    """Set state, account and end; tell whoever keeps answers what this one says.

    The caller has appended the entry and holds the epoch.
    """
    Generation.objects.filter(pk=claim.generation_id, epoch=claim.epoch).update(
        state=entry.name,
        last_seq=entry.seq,
        lease_until=None,
        ended_at=Now(),
        **_account(entry.event),
    )
    ended.send(Generation, generation_id=claim.generation_id, parts=parts)


def _account(event: Event) -> dict[str, object]:
    """A terminal event as the columns of :class:`Generation`."""
    match event:
        case Done(finish_reason, usage, timings):
            return {
                "outcome": _words(finish_reason)[:OUTCOME],
                **_usage(usage),
                **timings.as_json(),
            }
        case Stopped(_, usage, timings):
            return {"outcome": "stopped", **_usage(usage), **timings.as_json()}
        case Incomplete(reason, usage, timings):
            return {"outcome": _words(reason)[:OUTCOME], **_usage(usage), **timings.as_json()}
        case Failed(code, message, recoverable, timings):
            return {
                "outcome": _words(code)[:OUTCOME],
                "error_message": _words(message),
                "recoverable": recoverable,
                **timings.as_json(),
            }
    raise ValueError(f"{event.name} ends nothing")


def _usage(usage: Usage) -> dict[str, object]:
    data = usage.as_json()
    return {"usage_exact": data.pop("exact"), **data}


def _words(text: str) -> str:
    """A provider's words, for a column: PostgreSQL has no text with NUL in it."""
    return text.replace("\0", "")
