"""What the database refuses, whoever asks."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError

from conversations.models import ApiToken, Conversation, IdempotencyKey, Message, Person
from streaming.models import Generation, LogEntry
from tests.factories import (
    ApiTokenFactory,
    ConversationFactory,
    GenerationFactory,
    LogEntryFactory,
    MessageFactory,
    PersonFactory,
)

pytestmark = pytest.mark.django_db


def refused(row: Model) -> bool:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return True
    return False


def test_it_keeps_one_answer_for_a_persons_key() -> None:
    answer = MessageFactory.create(answer=True)
    alice, bob = PersonFactory.create_batch(2)
    first = IdempotencyKey(person=alice, key="k", digest="d", answer=answer)
    assert not refused(first)
    assert refused(IdempotencyKey(person=alice, key="k", digest="e", answer=answer))
    assert not refused(IdempotencyKey(person=bob, key="k", digest="d", answer=answer))


def test_it_keeps_one_message_for_a_generation() -> None:
    answer = MessageFactory.create(answer=True)
    same = Message(conversation=answer.conversation, role="assistant", generation=answer.generation)
    assert refused(same)


def test_it_keeps_one_generation_for_a_key() -> None:
    assert refused(Generation(key=GenerationFactory.create().key, model="m", prompt="{}"))


def test_it_keeps_one_entry_for_a_place_in_a_log() -> None:
    entry = LogEntryFactory.create()
    again = {"seq": entry.seq, "epoch": entry.epoch + 1, "name": "delta", "data": "{}"}
    assert refused(LogEntry(generation=entry.generation, **again))
    assert not refused(LogEntry(generation=GenerationFactory.create(), **again))


def test_it_keeps_one_token_for_a_secret() -> None:
    token = ApiTokenFactory.create()
    assert refused(ApiToken(person=token.person, name="x", digest=token.digest, hint="x"))


def test_it_keeps_one_person_for_a_username() -> None:
    PersonFactory.create(username="alice")
    assert refused(Person(username="alice"))


def test_it_deletes_a_conversation_with_all_that_was_said() -> None:
    conversation = ConversationFactory.create(said=["Hi", "Hello"])
    answer = conversation.messages.get(role=Message.Role.ASSISTANT)
    IdempotencyKey.objects.create(person=conversation.owner, key="k", digest="d", answer=answer)
    other = MessageFactory.create()
    conversation.delete()
    assert list(Message.objects.all()) == [other]
    assert not IdempotencyKey.objects.exists()


def test_it_deletes_a_person_with_all_that_is_theirs() -> None:
    conversation = ConversationFactory.create(said=["Hi", "Hello"])
    ApiTokenFactory.create(person=conversation.owner)
    conversation.owner.delete()
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not ApiToken.objects.exists()


def test_it_keeps_a_generation_while_its_message_is_there() -> None:
    answer = MessageFactory.create(answer=True)
    assert answer.generation is not None
    with pytest.raises(ProtectedError):
        answer.generation.delete()


def test_it_deletes_a_generation_with_its_log() -> None:
    entry = LogEntryFactory.create()
    entry.generation.delete()
    assert not LogEntry.objects.exists()


def test_it_forgets_a_current_message_that_was_deleted() -> None:
    conversation = ConversationFactory.create(said=["Hi", "Hello"])
    conversation.messages.latest("id").delete()
    conversation.refresh_from_db()
    assert conversation.current_id is None
