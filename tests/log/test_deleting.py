"""An answer is deleted in the moment in which it ends: one waits for the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from conversations import answers
from conversations.models import Conversation, Message
from streaming.log.rows import lock_epochs
from streaming.models import Generation
from streaming.parts import Part
from tests.factories import ConversationFactory, GenerationFactory, MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)


def erased(conversation: Conversation) -> None:
    with transaction.atomic():
        answers.erase(conversation.messages.all())
        conversation.delete()


def by_a_cascade(conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).delete()


@pytest.mark.parametrize("delete", [erased, by_a_cascade])
def test_who_deletes_waits_for_who_ends_it(delete: Callable[[Conversation], None]) -> None:
    conversation = ConversationFactory.create()
    running = [GenerationFactory.create(running=True) for _ in range(3)]
    ids = [generation.pk for generation in running]
    for generation in running:
        MessageFactory.create(
            conversation=conversation, role=Message.Role.ASSISTANT, generation=generation
        )
    errors: list[Exception] = []

    def work() -> None:
        try:
            delete(conversation)
        except Exception as error:  # noqa: BLE001 - it is what is tested
            errors.append(error)
        finally:
            connection.close()

    deleting = threading.Thread(target=work)
    with transaction.atomic():
        lock_epochs(ids)
        deleting.start()
        deleting.join(0.3)  # as far as it comes
        for pk in ids:
            answers.store(pk, [Part("text", "The end.")])
    deleting.join()
    assert errors == []
    assert not Generation.objects.filter(pk__in=ids).exists()
    assert not Message.objects.filter(generation_id__in=ids).exists()
