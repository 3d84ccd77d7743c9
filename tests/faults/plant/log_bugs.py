"""Bugs of the log: what is shown, kept and fenced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from streaming import closing, generations, lease
from streaming.events import Event
from streaming.log import database
from streaming.log.base import TERMINAL, Batch, Claim, Entry
from streaming.log.database import DatabaseLog
from streaming.log.rows import insert, rows_of
from streaming.models import Generation, LogEntry
from streaming.node import node

from .marks import bug_of, wrap

Original = Callable[..., Any]


def plant() -> None:
    wrap(DatabaseLog, "append", _shows_before_commit)
    wrap(DatabaseLog, "_commit", _swallows_a_failed_commit)
    wrap(DatabaseLog, "_commit", _writes_the_end_twice)
    wrap(database, "lock_epochs", _knows_no_fence)
    wrap(lease, "renew", _knows_no_loss)
    wrap(lease, "late", _sees_living_leases)
    wrap(lease, "claim", _robs_a_living_lease)
    wrap(closing, "close", _forgets_an_entry)


def _shows_before_commit(original: Original) -> Original:
    """What comes in is shown at once, and written when there are a few of it."""
    held: dict[int, list[Event]] = {}
    shown: dict[int, int] = {}

    def append(self: DatabaseLog, claim: Claim, events: Sequence[Event], **more: Any) -> None:
        if bug_of(claim.generation_id) != "shows_before_commit":
            original(self, claim, events, **more)
            return
        waiting = held.setdefault(claim.generation_id, [])
        for event in events:
            waiting.append(event)
            seq = shown[claim.generation_id] = shown.get(claim.generation_id, claim.seq) + 1
            self.watcher.committed(claim, [Entry.of(seq, event)])
        if len(waiting) >= 20 or any(event.name in TERMINAL for event in waiting):
            original(self, claim, list(waiting), **more)
            waiting.clear()

    return append


def _swallows_a_failed_commit(original: Original) -> Original:
    """The third commit fails, and nobody is told."""
    commits: Counter[int] = Counter()

    def commit(self: DatabaseLog, batches: list[Batch]) -> Any:
        failed = []
        for batch in batches:
            pk = batch.claim.generation_id
            commits[pk] += 1
            due = commits[pk] == 3 and batch.events[-1].name not in TERMINAL
            if due and bug_of(pk) == "swallows_a_failed_commit":
                batch.number()
                batch.claim.seq = batch.entries[-1].seq
                failed.append(batch)
        rest = [batch for batch in batches if batch not in failed]
        report = original(self, rest) if rest else database._Report()
        return replace(report, batches=batches)

    return commit


def _writes_the_end_twice(original: Original) -> Original:
    def commit(self: DatabaseLog, batches: list[Batch]) -> Any:
        report = original(self, batches)
        for batch in batches:
            if bug_of(batch.claim.generation_id) != "writes_the_end_twice" or batch.fenced:
                continue
            if (last := batch.entries[-1]).terminal:
                insert(rows_of(batch.claim, [Entry(last.seq + 1, last.name, last.data)]))
        return report

    return commit


def _knows_no_fence(original: Original) -> Original:
    """The epoch that is compared is the claim's own."""

    def lock_epochs(ids: list[int]) -> dict[int, Any]:
        held: dict[int, Any] = original(ids)
        for pk in ids:
            claim = node().log._claims.get(pk)
            if bug_of(pk) == "knows_no_fence" and claim is not None and pk in held:
                held[pk] = (claim.epoch, *held[pk][1:])
        return held

    return lock_epochs


def _knows_no_loss(original: Original) -> Original:
    def renew(claims: Sequence[Claim], owner: str) -> Any:
        ours, *more = original(claims, owner)
        blind = {
            claim.generation_id
            for claim in claims
            if bug_of(claim.generation_id) == "knows_no_fence"
        }
        return (ours | blind, *more)

    return renew


def _sees_living_leases(original: Original) -> Original:
    def late() -> list[lease.Late]:
        robbed = Generation.objects.filter(
            ~Q(lease_owner=node().name), state="running", prompt__contains="robs_a_living_lease"
        )
        seen = [
            lease.Late(pk, "", timezone.now(), True) for pk in robbed.values_list("pk", flat=True)
        ]
        return [*original(), *seen]

    return late


def _robs_a_living_lease(original: Original) -> Original:
    def claim(generation_id: int, owner: str) -> Claim | None:
        Generation.objects.filter(
            pk=generation_id, prompt__contains="robs_a_living_lease", lease_until__isnull=False
        ).update(lease_until=Now() - lease.LEASE)
        claimed: Claim | None = original(generation_id, owner)
        return claimed

    return claim


def _forgets_an_entry(original: Original) -> Original:
    """It is compacted at once, and one entry goes with it."""

    def forget(generation_id: int) -> None:
        with transaction.atomic():
            generations.compact(generation_id)
            deltas = LogEntry.objects.filter(generation_id=generation_id, name="delta")
            LogEntry.objects.filter(
                generation_id=generation_id, seq=deltas.latest("seq").seq
            ).delete()

    def close(claim: Claim, *rest: Any) -> None:
        original(claim, *rest)
        if bug_of(claim.generation_id) == "forgets_an_entry_when_compacting":
            transaction.on_commit(lambda: forget(claim.generation_id))

    return close
