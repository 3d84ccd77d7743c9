"""A conversation as staff read it: a branch, its versions, what each answer cost, and no way to
change a word."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from conversations.admin.shown import LIMIT
from conversations.admin.transcript import PAGE
from conversations.models import Conversation, Message
from streaming.events import Delta, Event, PartOpened, Started
from streaming.models import Generation
from streaming.parts import Part
from tests.factories import (
    ApiTokenFactory,
    ConversationFactory,
    GenerationFactory,
    LogEntryFactory,
    MessageFactory,
)

from .conftest import exchange, page

pytestmark = pytest.mark.django_db


def texts(client: Client, row: Model, **query: Any) -> list[str]:
    """What is said on the page, in order, reasoning and all."""
    response = client.get(page(row), query)
    assert response.status_code == 200, response
    return [part.text for one in response.context["said"] for part in one["parts"]]


def answering(conversation: Conversation, *log: Event) -> Message:
    """An answer on its way whose log says this."""
    generation = GenerationFactory.create(running=True)
    for event in log:
        LogEntryFactory.create(generation=generation, name=event.name, data=event.json())
    return MessageFactory.create(
        conversation=conversation,
        parent=conversation.current,
        role=Message.Role.ASSISTANT,
        generation=generation,
        stored_parts=None,
    )


def test_it_reads_like_the_page(admin: Client) -> None:
    said = ["What is a log?", "A list.", "And a cursor?", "A place in it."]
    conversation = ConversationFactory.create(said=said, system_prompt="Be brief.")
    assert texts(admin, conversation) == said
    content = admin.get(page(conversation)).content.decode()
    for words in ("Be brief.", conversation.owner.username, "demo/tour", "done", "12 tokens in"):
        assert words in content


def test_it_shows_the_current_branch_and_leads_to_the_others(admin: Client) -> None:
    conversation = ConversationFactory.create(said=["Hi", "First"])
    first = conversation.messages.get(role=Message.Role.ASSISTANT)
    second = MessageFactory.create(
        conversation=conversation, parent=first.parent, answer=True, text="Second"
    )
    below = MessageFactory.create(conversation=conversation, parent=second, text="Thanks")
    assert texts(admin, conversation) == ["Hi", "First"]
    assert texts(admin, conversation, at=second.pk) == ["Hi", "Second", "Thanks"]
    assert texts(admin, conversation, at=below.pk) == ["Hi", "Second", "Thanks"]
    response = admin.get(page(conversation))
    assert response.context["said"][1]["versions"] == [first.pk, second.pk]
    assert f"?at={second.pk}#m-{second.pk}" in response.content.decode()


@pytest.mark.parametrize("at", ["", "nonsense", "0", "00000000-0000-0000-0000-000000000000"])
def test_it_takes_an_unknown_message_for_the_current_branch(admin: Client, at: str) -> None:
    conversation = ConversationFactory.create(said=["Hi", "Hello"])
    assert texts(admin, conversation, at=at) == ["Hi", "Hello"]


def test_it_opens_the_page_that_a_message_is_on(admin: Client) -> None:
    said = [str(number) for number in range(2 * PAGE + 10)]
    conversation = ConversationFactory.create(said=said)
    last = conversation.messages.latest("id")
    assert texts(admin, conversation) == said[:PAGE]
    assert texts(admin, conversation, page=2) == said[PAGE : 2 * PAGE]
    assert texts(admin, conversation, at=last.pk) == said[2 * PAGE :]
    assert texts(admin, conversation, page=999) == said[2 * PAGE :]
    assert texts(admin, conversation, page="0") == texts(admin, conversation, page="x")


def test_it_shows_an_answer_that_is_on_its_way(admin: Client) -> None:
    conversation = ConversationFactory.create(said=["Hi"])
    conversation.current = answering(
        conversation,
        Started("demo/tour"),
        PartOpened(0, Part("reasoning")),
        Delta(0, "Hm."),
        PartOpened(1, Part("text")),
        Delta(1, "Hel"),
        Delta(1, "lo"),
    )
    conversation.save()
    assert texts(admin, conversation) == ["Hi", "Hm.", "Hello"]


def test_it_shows_what_a_broken_log_still_tells(admin: Client) -> None:
    answer = answering(
        ConversationFactory.create(), PartOpened(0, Part("text")), Delta(0, "So far"), Delta(7, "?")
    )
    response = admin.get(page(answer))
    labels = [part.label for part in response.context["said"]["parts"]]
    assert labels == ["", "unreadable log"]


def test_it_says_why_an_answer_failed(admin: Client) -> None:
    failed = GenerationFactory.create(failed=True, error_message="Try <later>.")
    answer = MessageFactory.create(role="assistant", generation=failed, stored_parts=[])
    content = admin.get(page(answer.conversation)).content.decode()
    assert "Try &lt;later&gt;." in content
    assert "overloaded" in content


def test_it_cuts_very_long_texts_until_asked_for_the_whole(admin: Client) -> None:
    long = "x" * (LIMIT + 1)
    made = exchange(answer=long)
    assert len(texts(admin, made.conversation)[1]) < LIMIT + 100
    assert texts(admin, made.conversation)[1].endswith("… 1 more characters</span>")
    assert texts(admin, made.conversation, whole="")[1] == long
    response = admin.get(page(made.answer))
    assert response.context["said"]["parts"][0].text == long


def test_it_shows_a_conversation_in_which_nothing_was_said(admin: Client) -> None:
    assert texts(admin, ConversationFactory.create(title="")) == []


def test_it_leads_from_a_message_to_its_conversation_and_back(admin: Client) -> None:
    made = exchange()
    assert page(made.conversation) in admin.get(page(made.answer)).content.decode()
    content = admin.get(page(made.conversation)).content.decode()
    assert page(made.answer) in content
    assert page(made.generation) in content


def test_it_lets_nobody_change_or_delete_what_was_said(admin: Client) -> None:
    made = exchange()
    token = ApiTokenFactory.create()
    for row in (made.conversation, made.answer, made.generation, token):
        names = f"{row._meta.app_label}_{row._meta.model_name}"
        assert admin.post(page(row), {"title": "x", "state": "done"}).status_code == 403
        assert admin.get(reverse(f"admin:{names}_add")).status_code == 403
        assert admin.post(reverse(f"admin:{names}_add"), {}).status_code == 403
        assert admin.post(reverse(f"admin:{names}_delete", args=[row.pk])).status_code == 403
        listing = reverse(f"admin:{names}_changelist")
        selected = {"action": "delete_selected", "_selected_action": [str(row.pk)], "index": "0"}
        admin.post(listing, selected)
        assert type(row)._default_manager.filter(pk__in=[row.pk]).exists()


@pytest.mark.parametrize("pk", ["0", "x", "00000000-0000-0000-0000-000000000000", "1_5F"])
def test_it_has_no_page_for_what_is_not_there(admin: Client, pk: str) -> None:
    for model in (Conversation, Message, Generation):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        assert admin.get(reverse(name, args=[pk])).status_code == 404
