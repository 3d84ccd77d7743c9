"""Takeover: what a process left behind, or nobody has begun, is claimed to be run to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from . import generations, lease
from .events import Event, Started
from .fold import fold
from .log.base import Claim, Entry
from .models import Generation
from .parts import REFUSAL
from .patience import MAX_LOSSES
from .progress import Earlier, calls_in, spent_on
from .prompt import Prompt


@dataclass(frozen=True, slots=True)
class Taken:
    """A generation that is ours now, and what it takes to run it."""

    claim: Claim
    prompt: Prompt
    labels: dict[str, str]
    #: What its log is to say first.
    opening: Sequence[Event]
    earlier: Earlier


def take(generation_id: int, owner: str, *, goes_on: bool) -> Taken | None:
    """Claim one that nobody runs. ``None`` when somebody does, and when it had to end instead.

    It ends, with what it says, when it was asked to stop, when it was lost too often, and with
    ``goes_on`` false when it had begun. Waits for the database.
    """
    with transaction.atomic():
        claim = lease.claim(generation_id, owner)
        if claim is None:
            return None
        generation = Generation.objects.get(pk=generation_id)
        entries = generations.story(generation_id)
        if _may_run(generation, goes_on):
            taken = _taken(claim, generation, entries)
            if not any(part.type == REFUSAL and part.text for part in taken.earlier.parts):
                return taken
        generations.end(claim, generation, entries)
    return None


def _may_run(generation: Generation, goes_on: bool) -> bool:
    if generation.stop_receipt is not None or generation.losses >= MAX_LOSSES:
        return False
    return goes_on or generation.attempt == 1


def _taken(claim: Claim, generation: Generation, entries: Sequence[Entry]) -> Taken:
    prompt = Prompt.from_json(generation.prompt)
    labels, attempt = generation.labels, generation.attempt
    begun = generation.started_at or generation.created_at
    earlier = Earlier(
        parts=prompt.partial,
        attempt=attempt,
        losses=generation.losses,
        queued_ms=_ms(begun - generation.created_at),
        passed_ms=_ms(timezone.now() - generation.created_at),
    )
    if not entries:
        # Who had it before may have called, and died before it could say so.
        earlier = replace(earlier, usage=spent_on(calls_in(prompt, (), runs=attempt - 1)))
        return Taken(claim, prompt, labels, generations.opening(prompt, labels, attempt), earlier)
    started = Started(prompt.model, attempt, labels)
    return Taken(claim, prompt, labels, [started], _behind(earlier, prompt, generation, entries))


def _behind(
    earlier: Earlier, prompt: Prompt, generation: Generation, entries: Sequence[Entry]
) -> Earlier:
    """What was there, with all that its log tells."""
    events = [entry.event for entry in entries]
    resume, characters = generation.provider_cursor, 0
    calls = generations.calls_of(generation, prompt, events)
    if resume and calls:
        characters = calls.pop().characters
    return replace(
        earlier,
        parts=tuple(fold(events).parts),
        resume=resume,
        usage=spent_on(calls),
        characters=characters,
    )


def _ms(time: timedelta) -> int:
    return max(0, int(time.total_seconds() * 1000))
