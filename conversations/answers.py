"""Answers: the state of a message, from its log while it runs and from its own row after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver

from streaming import generations
from streaming.accounts import Timings, Usage
from streaming.closing import ended
from streaming.cursors import cursor
from streaming.models import Generation
from streaming.parts import Part

from .models import Message


@dataclass(frozen=True, slots=True)
class State:
    """A message as it stands at ``cursor``."""

    parts: Sequence[Part]
    status: str
    #: Where to follow on from; empty for what a person said.
    cursor: str = ""
    #: Why an incomplete answer ended early.
    reason: str = ""
    #: ``{"code", "message", "recoverable"}`` of one that failed.
    error: dict[str, Any] | None = None
    usage: Usage | None = None
    timings: Timings | None = None


def state(message: Message) -> State:
    """The message's state. A finished answer costs no query, one that runs costs its log."""
    generation = message.generation
    if generation is None:
        return State(message.parts, "done")
    if message.stored_parts is not None and generation.last_seq is not None:
        return _finished(generation, message.parts, generation.last_seq)
    fold, seq = generations.state_of(generation.pk)
    if fold.terminal is None:
        return State(fold.parts, generation.state, cursor(generation.key, seq))
    if generation.is_live:
        # It ended between the two reads.
        generation.refresh_from_db()
    store(generation.pk, fold.parts)
    return _finished(generation, fold.parts, seq)


def is_last(generation: Generation, after: str) -> bool:
    """Whether nothing comes behind this cursor any more."""
    seq = generation.last_seq
    return seq is not None and after == cursor(generation.key, seq)


def _finished(generation: Generation, parts: Sequence[Part], seq: int) -> State:
    return State(
        parts=parts,
        status=generation.state,
        cursor=cursor(generation.key, seq),
        reason=generation.outcome if generation.state == "incomplete" else "",
        error=generation.error,
        usage=generation.usage,
        timings=generation.timings,
    )


def store(generation_id: int, parts: Sequence[Part]) -> None:
    """Keep the parts of a finished generation on its message. Doing it again is harmless."""
    stored = [part.as_json() for part in parts]
    Message.objects.filter(generation_id=generation_id).update(stored_parts=stored)


@receiver(ended, dispatch_uid="answers.keep")
def keep(
    sender: type, generation_id: int, parts: Sequence[Part] | None = None, **kwargs: Any
) -> None:
    """A generation ends: in the same transaction its message says what it says."""
    store(generation_id, generations.state_of(generation_id)[0].parts if parts is None else parts)


def erase(messages: models.QuerySet[Message]) -> list[int]:
    """Delete these messages and the generations behind them; the ids of the latter.

    Whoever runs one of them finds its log gone, closes the upstream call and writes no more.
    """
    with transaction.atomic():
        answers = messages.exclude(generation=None)
        ids = list(answers.values_list("generation_id", flat=True))
        _lock(ids)
        messages.delete()
    return ids


def _lock(generations: Collection[int]) -> None:
    """Whoever ends an answer holds its generation and then wants its message. Who takes them the
    other way round would wait for it for ever, and it for them."""
    if connection.features.has_select_for_update:
        rows = Generation.objects.filter(pk__in=generations).select_for_update().order_by("pk")
        list(rows.values_list("pk"))


@receiver(pre_delete, sender=Message, dispatch_uid="answers.lock")
def lock(sender: type, instance: Message, **kwargs: Any) -> None:
    """As :func:`erase` does, where it is another cascade that deletes."""
    if instance.generation_id is not None:
        _lock([instance.generation_id])


@receiver(post_delete, sender=Message, dispatch_uid="answers.forget")
def forget(sender: type, instance: Message, **kwargs: Any) -> None:
    """A message is gone, by whatever cascade; its generation and log go with it."""
    if instance.generation_id is not None:
        Generation.objects.filter(pk=instance.generation_id).delete()
