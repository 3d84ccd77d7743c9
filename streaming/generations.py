"""Generations: the verbs the rest of the product uses. They wait: not for the event loop."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from . import lease
from .accounts import Timings, Usage
from .bells import bell
from .bells.base import News
from .closing import close
from .endings import interrupted
from .events import Event, PartOpened, Started, Stopped
from .fold import Fold, fold
from .log.base import Claim, Entry, merge_entries
from .log.rows import insert, rows_of
from .models import Generation, LogEntry
from .parts import Part, visible_text
from .progress import Call, calls_in, spent_on
from .prompt import Prompt
from .splice import run_of


@dataclass(frozen=True, slots=True)
class Begun:
    """A generation that was just written, the first entries of its log, and the claim on it."""

    generation: Generation
    prompt: Prompt
    entries: list[Entry]
    #: ``None`` when it waits in the queue.
    claim: Claim | None


def begin(key: uuid.UUID, prompt: Prompt, labels: Mapping[str, str], owner: str) -> Begun:
    """Write a new generation, inside the caller's transaction.

    With an ``owner`` (a node that has room) it is claimed in the same breath and its log begins;
    without one it waits for a node. What an earlier answer said already (``prompt.partial``)
    is in the opening, so that the log alone tells the whole answer.
    """
    generation = Generation.objects.create(
        key=key,
        model=prompt.model,
        prompt=prompt.json(),
        labels=dict(labels),
        state=Generation.State.RUNNING if owner else Generation.State.QUEUED,
        epoch=1 if owner else 0,
        attempt=1 if owner else 0,
        lease_owner=owner,
        lease_until=Now() + lease.LEASE if owner else None,
        started_at=Now() if owner else None,
    )
    if not owner:
        bell().ring(News(work=True))
        return Begun(generation, prompt, [], None)
    events = opening(prompt, labels)
    entries = [Entry.of(seq, event) for seq, event in enumerate(events, 1)]
    claim = Claim(generation.pk, key, 1, len(entries))
    insert(rows_of(claim, entries))
    return Begun(generation, prompt, entries, claim)


def opening(prompt: Prompt, labels: Mapping[str, str], attempt: int = 1) -> list[Event]:
    """How every log begins: a run started, from nothing or from what is there already."""
    started = Started(prompt.model, attempt, dict(labels))
    return [started, *(PartOpened(index, part) for index, part in enumerate(prompt.partial))]


def stop(generation: Generation) -> uuid.UUID | None:
    """Ask that it stop; the receipt that its ``stopped`` event will carry.

    Asking again gives the same receipt. ``None`` when it had ended by itself before. The node
    that runs it obeys; one that nobody runs ends here and now.
    """
    with transaction.atomic():
        row = Generation.objects.select_for_update().filter(pk=generation.pk).first()
        if row is None:
            return None
        if row.stop_receipt is None and row.is_live:
            row.stop_receipt = uuid.uuid4()
            row.stop_requested_at = Now()
            row.save(update_fields=["stop_receipt", "stop_requested_at"])
            bell().ring(News(stops=frozenset({row.pk})))
    if row.state == Generation.State.QUEUED:
        end_unclaimed(row.pk, owner=f"stop:{uuid.uuid4().hex[-8:]}")
    return row.stop_receipt


def state_of(generation_id: int) -> tuple[Fold, int]:
    """The log folded so far, and the last seq that went in."""
    state = Fold()
    seq = 0
    for entry in story(generation_id):
        state.apply(entry.event)
        seq = entry.seq
    return state, seq


def story(generation_id: int) -> list[Entry]:
    """All committed entries."""
    rows = LogEntry.objects.filter(generation_id=generation_id).order_by("seq")
    return [Entry(*row) for row in rows.values_list("seq", "name", "data")]


def end_unclaimed(generation_id: int, owner: str) -> bool:
    """End, honestly, a generation that nobody runs: stopped, interrupted, or never begun.

    ``False`` when somebody runs it after all.
    """
    with transaction.atomic():
        claim = lease.claim(generation_id, owner)
        if claim is None:
            return False
        end(claim, Generation.objects.get(pk=generation_id), story(generation_id))
    return True


def end(claim: Claim, generation: Generation, entries: Sequence[Entry]) -> None:
    """End what was just claimed, as it stands, inside the caller's transaction."""
    prompt = Prompt.from_json(generation.prompt)
    told = [entry.event for entry in entries]
    events: list[Event] = []
    if not entries:
        # It never began: what an earlier answer said is kept all the same.
        events = opening(prompt, generation.labels)
    usage = spent_on(calls_of(generation, prompt, told)) or Usage()
    parts = fold([*told, *events]).parts
    events.append(_ending(generation, parts, usage))
    written = [Entry.of(seq, event) for seq, event in enumerate(events, claim.seq + 1)]
    insert(rows_of(claim, written))
    close(claim, written[-1], parts)
    bell().ring(News(logs=frozenset({claim.generation_id})))


def calls_of(generation: Generation, prompt: Prompt, told: Sequence[Event]) -> list[Call]:
    """The calls of all runs before the one that has just claimed it, by its log and its row.

    With a cursor, the last one is the call that can be gone on with.
    """
    if cursor := generation.provider_cursor:
        return calls_in(prompt, told, began=run_of(cursor))
    return calls_in(prompt, told, runs=generation.attempt - 1)


def _ending(generation: Generation, parts: Sequence[Part], usage: Usage) -> Event:
    timings = _timings(generation)
    if generation.stop_receipt is not None:
        return Stopped(str(generation.stop_receipt), usage, timings)
    return interrupted(bool(visible_text(parts)), usage, timings)


def _timings(generation: Generation) -> Timings:
    """By the rows' own times: whoever could say it better is gone."""
    begun = generation.started_at or generation.created_at
    return Timings(
        queued_ms=_ms(begun - generation.created_at),
        total_ms=_ms(timezone.now() - generation.created_at),
    )


def _ms(time: timedelta) -> int:
    return max(0, int(time.total_seconds() * 1000))


def compact(generation_id: int) -> None:
    """Join the neighbouring deltas of a finished log: the story stays, in fewer rows.

    A cursor whose entry went into a later one gets a snapshot from then on.
    """
    with transaction.atomic():
        merged = merge_entries(story(generation_id))
        kept = [entry.seq for entry in merged]
        rows = LogEntry.objects.filter(generation_id=generation_id)
        rows.exclude(seq__in=kept).delete()
        for entry in merged:
            rows.filter(seq=entry.seq).exclude(data=entry.data).update(data=entry.data)
        Generation.objects.filter(pk=generation_id).update(compacted=True)
