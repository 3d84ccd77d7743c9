"""The only door: what is a person's own, or nothing at all.

What belongs to somebody else is answered exactly as what does not exist: ``Http404``.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404

from .models import Conversation, Message, Person

T = TypeVar("T", bound=Model)


def conversation(person: Person, id: UUID, *, lock: bool = False) -> Conversation:
    """With ``lock``, nobody else changes it until the transaction ends."""
    found = Conversation.objects.of(person).filter(pk=id)
    return _one(found.select_for_update() if lock else found, "conversation")


def message(person: Person, id: UUID) -> Message:
    """With its conversation and generation at hand."""
    found = Message.objects.filter(conversation__owner=person, pk=id)
    return _one(found.with_generation().select_related("conversation"), "message")


def answer(person: Person, id: UUID) -> Message:
    """A message to follow or stop: with its generation, without what it says."""
    found = Message.objects.filter(conversation__owner=person, pk=id)
    return _one(found.with_generation().defer("stored_parts"), "message")


def _one(found: QuerySet[T], noun: str) -> T:
    # By its key there is one or none: what first() adds, an order, takes longer than to look.
    for one in found:
        return one
    raise Http404(f"There is no such {noun}.")
