"""Asking: a question, or the wish for another answer, becomes a message and a generation.

Everything here runs in one transaction and in a thread; ``answering.py`` is its async face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from uuid_utils.compat import uuid7

from streaming import generations
from streaming.models import Generation
from streaming.parts import TEXT, Part
from streaming.providers.base import Model

from . import answers
from .models import Conversation, Message
from .models.conversations import TITLE_LENGTH
from .problems import Problem
from .prompting import prompt_for

BUSY = "An answer is still on its way here. Wait for its end, or stop it."


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer on its way. ``begun`` is ``None`` when an earlier call with this key began it."""

    answer: Message
    begun: generations.Begun | None


@dataclass(frozen=True, slots=True)
class Terms:
    """How an answer is to be made."""

    model: Model
    options: Mapping[str, Any]
    #: The node that runs it; empty when it has to wait in the queue.
    owner: str


def ask(conversation: Conversation, text: str, terms: Terms, *, parent: Message | None) -> Asked:
    """Say something after ``parent`` (``None``: at the root) and begin its answer."""
    if parent is not None:
        if parent.role != Message.Role.ASSISTANT:
            raise Problem(422, errors=[_error("parent_id", "Only an answer can be replied to.")])
        if parent.is_live:
            raise Problem(409, BUSY)
    question = Message(
        conversation=conversation,
        parent=parent,
        role=Message.Role.USER,
        stored_parts=[Part(TEXT, text).as_json()],
    )
    if not conversation.title:
        conversation.title = title_of(text)
    return _begin(conversation, question, terms, is_new=True)


def edit(question: Message, text: str, terms: Terms) -> Asked:
    """Say it otherwise: a sibling question, and its answer."""
    if question.role != Message.Role.USER:
        raise Problem(409, "Only what a person said can be edited.")
    return ask(question.conversation, text, terms, parent=question.parent)


def regenerate(answer: Message, terms: Terms) -> Asked:
    """Answer the same question again, as a sibling."""
    return _begin(answer.conversation, _question_of(answer), terms)


def go_on(answer: Message, terms: Terms) -> Asked:
    """A sibling that begins with what this answer says and goes on from there.

    What a finished answer says never changes, so it is a sibling that grows.
    """
    question = _question_of(answer)
    if answer.status == Generation.State.DONE:
        raise Problem(409, "This answer is complete. Ask again for another one.")
    return _begin(answer.conversation, question, terms, resumable(answers.state(answer).parts))


def resumable(parts: Sequence[Part]) -> Sequence[Part]:
    """What a model can go on from: everything up to the last text."""
    last = max((i for i, part in enumerate(parts) if part.type == TEXT and part.text), default=-1)
    return parts[: last + 1]


def _question_of(answer: Message) -> Message:
    if answer.role != Message.Role.ASSISTANT or answer.parent is None:
        raise Problem(409, "This is not an answer.")
    if answer.is_live:
        raise Problem(409, BUSY)
    return answer.parent


def _begin(
    conversation: Conversation,
    question: Message,
    terms: Terms,
    partial: Sequence[Part] = (),
    is_new: bool = False,
) -> Asked:
    """The empty answer, its generation with everything the model gets to read, the new leaf."""
    assert transaction.get_connection().in_atomic_block
    before = conversation.branch(question.parent_id) if question.parent_id else []
    prompt = prompt_for(
        [*before, question],
        model=terms.model.id,
        system=conversation.system_prompt,
        options=terms.options,
        partial=partial,
        context_window=terms.model.context_window,
    )
    key = uuid7()
    labels = {"message_id": str(key), "conversation_id": str(conversation.pk)}
    begun = generations.begin(key, prompt, labels, terms.owner)
    answer = Message(
        id=key,
        conversation=conversation,
        parent=question,
        role=Message.Role.ASSISTANT,
        generation=begun.generation,
    )
    Message.objects.bulk_create([question, answer] if is_new else [answer])
    conversation.current = answer
    conversation.save(update_fields=["current", "title", "updated_at"])
    return Asked(answer, begun)


def title_of(text: str) -> str:
    """The first words, until somebody finds a better title."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = line.replace("\0", "")
    if len(line) <= 60:
        return line[:TITLE_LENGTH]
    return line[:60].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
