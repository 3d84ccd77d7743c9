"""Ids of conversations, messages and generations: UUIDv7, so that they sort as they were made."""

from __future__ import annotations

import time
from uuid import UUID

import pytest

from conversations.models import Conversation, Message
from tests.factories import ConversationFactory, GenerationFactory, MessageFactory

pytestmark = pytest.mark.django_db


def made_at(id: UUID) -> float:
    """Seconds since the epoch (RFC 9562, section 5.7)."""
    return (id.int >> 80) / 1000


def test_it_gives_out_uuids_of_version_7() -> None:
    for id in (
        ConversationFactory.create().id,
        MessageFactory.create().id,
        GenerationFactory.create().key,
    ):
        assert type(id) is UUID
        assert (id.version, id.variant) == (7, "specified in RFC 4122")
        assert abs(made_at(id) - time.time()) < 60


def test_it_sorts_messages_as_they_were_made() -> None:
    conversation = ConversationFactory.create()
    made = [message.id for message in MessageFactory.create_batch(50, conversation=conversation)]
    assert made == sorted(made)
    assert list(conversation.messages.order_by("id").values_list("id", flat=True)) == made


def test_it_keeps_an_id_as_it_was_given() -> None:
    message = MessageFactory.create()
    assert Message.objects.get(pk=str(message.id)).id == message.id
    assert Conversation.objects.get(messages=message.id).id == message.conversation_id


def test_it_names_an_answer_and_its_generation_alike() -> None:
    answer = MessageFactory.create(answer=True)
    assert answer.generation is not None
    assert answer.generation.key == answer.id
