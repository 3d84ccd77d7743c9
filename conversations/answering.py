"""Answering: the async face of asking, for pages, REST and whatever else people ask through."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from django.http import Http404

from streaming import generations
from streaming.events import dumps
from streaming.models import Generation
from streaming.node import node
from streaming.providers.base import Model

from . import access, answers, asking
from .asking import Asked, Terms
from .models import Conversation, IdempotencyKey, Message, Person
from .problems import Problem

OTHER_CALL = "This Idempotency-Key was used for a different call."


async def ask(
    person: Person,
    conversation_id: UUID,
    *,
    text: str,
    model: str = "",
    parent_id: UUID | None = None,
    options: Mapping[str, Any] | None = None,
    key: str = "",
) -> Asked:
    """Say something in a conversation, after its current leaf when no parent is named."""

    def work(owner: str) -> Asked:
        conversation = access.conversation(person, conversation_id, lock=True)
        parent = _parent(conversation, parent_id)
        terms = _terms(model or conversation.model, options, owner)
        return asking.ask(conversation, text, terms, parent=parent)

    call = ["ask", str(conversation_id), text, model, str(parent_id), dict(options or {})]
    return await _begin(person, work, model, key, call)


async def again(
    person: Person,
    message_id: UUID,
    how: str,
    *,
    text: str = "",
    model: str = "",
    options: Mapping[str, Any] | None = None,
    key: str = "",
) -> Asked:
    """``regenerate``, ``continue`` or ``edit`` (with its text) a message."""

    def work(owner: str) -> Asked:
        message = access.message(person, message_id)
        access.conversation(person, message.conversation_id, lock=True)
        before = message.generation.model if message.generation else message.conversation.model
        terms = _terms(model or before, options, owner)
        match how:
            case "regenerate":
                return asking.regenerate(message, terms)
            case "continue":
                return asking.go_on(message, terms)
            case "edit":
                return asking.edit(message, text, terms)
        raise ValueError(how)

    call = [how, str(message_id), text, model, dict(options or {})]
    return await _begin(person, work, model, key, call)


async def stop(person: Person, message_id: UUID) -> tuple[Message, UUID | None]:
    """Stop an answer wherever it runs; the receipt, or ``None`` if it had ended before."""

    def work() -> tuple[Message, UUID | None]:
        message = access.answer(person, message_id)
        if message.generation is None:
            raise Problem(409, "This is not an answer.")
        receipt = generations.stop(message.generation)
        _refresh(message.generation)
        return message, receipt

    message, receipt = await sync_to_async(work)()
    if receipt is None or message.generation is None:
        return message, None
    if await node().runner.stop(message.generation.pk, receipt):
        await sync_to_async(_refresh)(message.generation)
    # It may have ended by itself just before: then nothing was stopped.
    ended_otherwise = not message.generation.is_live and message.status != "stopped"
    return message, None if ended_otherwise else receipt


def _refresh(generation: Generation) -> None:
    try:
        generation.refresh_from_db(fields=["state"])
    except Generation.DoesNotExist as error:
        raise Http404("It was deleted just now.") from error


async def check_model(model_id: str) -> None:
    """Raises :class:`Problem` when a model is named that is not offered."""
    if model_id:
        await node().catalogue.prepare(model_id)
        _known(model_id)


async def change(person: Person, conversation_id: UUID, changes: Mapping[str, Any]) -> Conversation:
    """Change fields of a conversation; ``current_message_id`` chooses the branch to show."""

    def work() -> Conversation:
        with transaction.atomic():
            conversation = access.conversation(person, conversation_id, lock=True)
            for field, value in changes.items():
                if field == "current_message_id":
                    conversation.current = _leaf(conversation, value)
                else:
                    setattr(conversation, field, value)
            conversation.save()
        return conversation

    return await sync_to_async(work)()


async def delete(person: Person, conversation_id: UUID) -> None:
    """Delete a conversation, and stop what runs in it."""
    for generation_id in await sync_to_async(erase)(person, conversation_id):
        node().runner.drop(generation_id)


def erase(person: Person, conversation_id: UUID) -> list[int]:
    """The part of :func:`delete` that waits for the database; which generations are gone."""
    with transaction.atomic():
        conversation = access.conversation(person, conversation_id, lock=True)
        gone = answers.erase(conversation.messages.all())
        conversation.delete()
    return gone


async def _begin(
    person: Person, work: Callable[[str], Asked], model: str, key: str, call: list[Any]
) -> Asked:
    runner = node().runner
    await node().catalogue.prepare(model)
    digest = hashlib.sha256(dumps(call).encode("utf-8", "surrogatepass")).hexdigest()

    def once(owner: str) -> Asked:
        with transaction.atomic():
            if joined := _joined(person, key, digest):
                return joined
            asked = work(owner)
            if key:
                IdempotencyKey.objects.create(
                    person=person, key=key, digest=digest, answer=asked.answer
                )
        # From here on the answer is on its way, even if whoever asked has gone.
        assert asked.begun is not None
        runner.launch_soon(asked.begun)
        return asked

    def persistently() -> Asked:
        owner, asked = runner.reserve(), None
        try:
            try:
                asked = once(owner)
            except IntegrityError:
                # The same key came in twice at once, and the other one was first.
                asked = once(owner)
            except Problem:
                # So it may have been here, too: its answer on its way made this a second question.
                if not key:
                    raise
                asked = once(owner)
        finally:
            # What is launched gives its place back by itself.
            if asked is None or asked.begun is None:
                runner.give_back(owner)
        return asked

    return await sync_to_async(persistently)()


def _joined(person: Person, key: str, digest: str) -> Asked | None:
    """The call that came with this key before."""
    if not key:
        return None
    known = IdempotencyKey.objects.filter(person=person, key=key)
    before = known.first()
    if before is None:
        return None
    if before.digest != digest:
        raise Problem(422, OTHER_CALL)
    return Asked(access.answer(person, before.answer_id), None)


def _leaf(conversation: Conversation, message_id: UUID) -> Message | None:
    """The end of a branch that one can talk on from."""
    leaf = _parent(conversation, message_id)
    if leaf is not None and leaf.role != Message.Role.ASSISTANT:
        message = "Only an answer can be the end of a branch."
        raise Problem(422, errors=[{"field": "current_message_id", "message": message}])
    return leaf


def _parent(conversation: Conversation, parent_id: UUID | None) -> Message | None:
    wanted = parent_id or conversation.current_id
    if wanted is None:
        return None
    found = conversation.messages.with_generation().filter(pk=wanted).first()
    if found is None:
        raise Http404("There is no such message in this conversation.")
    return found


def _terms(model_id: str, options: Mapping[str, Any] | None, owner: str) -> Terms:
    catalogue = node().catalogue
    model_id = model_id or catalogue.default()
    if not model_id:
        raise Problem(409, "No model is connected. Ask whoever runs this server to add one.")
    return Terms(_known(model_id), dict(options or {}), owner)


def _known(model_id: str) -> Model:
    model = node().catalogue.known(model_id)
    if model is None:
        message = "This model is not offered here. GET /api/v1/models lists those that are."
        raise Problem(422, errors=[{"field": "model", "message": message}])
    return model
