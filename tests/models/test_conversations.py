"""Conversations: a tree of messages of which one branch is shown."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Message
from tests.factories import ConversationFactory, GenerationFactory, MessageFactory, PersonFactory

pytestmark = pytest.mark.django_db


def reply(parent: Message, text: str, answer: bool = False) -> Message:
    return MessageFactory.create(
        conversation=parent.conversation, parent=parent, answer=answer, text=text
    )


def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


def test_it_reads_its_current_branch_from_the_beginning() -> None:
    conversation = ConversationFactory.create(said=["Hi", "Hello", "How?", "So."])
    assert texts(conversation.branch()) == ["Hi", "Hello", "How?", "So."]


def test_it_leaves_out_what_is_on_other_branches() -> None:
    conversation = ConversationFactory.create(said=["Hi", "First"])
    question = conversation.branch()[0]
    second = reply(question, "Second", answer=True)
    below = reply(second, "Thanks")
    assert texts(conversation.branch()) == ["Hi", "First"]
    assert texts(conversation.branch(below.id)) == ["Hi", "Second", "Thanks"]
    conversation.current = below
    conversation.save()
    assert texts(conversation.branch()) == ["Hi", "Second", "Thanks"]


def test_it_reads_any_branch_with_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    conversation = ConversationFactory.create(said=["Hi", "Hello"] * 30)
    with django_assert_num_queries(1):
        assert {message.status for message in conversation.branch()} == {"done"}


def test_it_has_no_branch_while_nothing_was_said() -> None:
    assert ConversationFactory.create().branch() == []


def test_it_never_reads_another_conversations_messages() -> None:
    ConversationFactory.create(said=["Not", "yours"])
    assert texts(ConversationFactory.create(said=["Mine"]).branch()) == ["Mine"]


def test_it_is_listed_for_its_owner_pinned_first_then_the_latest() -> None:
    alice = PersonFactory.create()
    old, new, pinned, archived = [
        ConversationFactory.create(owner=alice, title=title, pinned=title == "pinned")
        for title in ("old", "new", "pinned", "archived")
    ]
    ConversationFactory.create()
    Conversation.objects.filter(pk=archived.pk).update(archived=True)
    listed = Conversation.objects.of(alice)
    assert list(listed.listed()) == [pinned, new, old]
    assert list(listed.listed(archived=True)) == [archived]
    old.save()
    assert list(listed.listed()) == [pinned, old, new]


def test_it_has_a_name_before_it_has_a_title() -> None:
    assert str(ConversationFactory.create(title="")) == "New conversation"


def test_a_message_knows_its_versions() -> None:
    conversation = ConversationFactory.create(said=["Hi", "First"])
    question, first = conversation.branch()
    second = reply(question, "Second", answer=True)
    other = MessageFactory.create(conversation=conversation, text="Another beginning")
    MessageFactory.create()
    assert first.siblings() == second.siblings() == [first.id, second.id]
    assert question.siblings() == [question.id, other.id]
    assert reply(second, "Thanks").siblings() == [conversation.messages.latest("id").id]


@pytest.mark.parametrize("state", ["running", "done", "stopped", "incomplete", "failed"])
def test_a_message_is_what_its_generation_is(state: str) -> None:
    generation = GenerationFactory.create(**{state: True})
    message = MessageFactory.create(role=Message.Role.ASSISTANT, generation=generation)
    assert message.status == state
    assert message.is_live == (state == "running")
    assert (message in Message.objects.running()) == (state == "running")


def test_a_persons_own_message_is_done() -> None:
    question = MessageFactory.create()
    assert question.status == "done"
    assert not question.is_live
    assert not Message.objects.running().exists()


def test_a_message_says_aloud_its_text_and_refusals_only() -> None:
    kinds = ("reasoning", "text", "tool_call", "tool_result", "refusal", "text")
    parts = [{"type": kind, "text": f"{kind} {place}"} for place, kind in enumerate(kinds)]
    message = MessageFactory.create(stored_parts=parts)
    message.refresh_from_db()
    assert [part.as_json() for part in message.parts] == parts
    assert message.text == "text 1\n\nrefusal 4\n\ntext 5"
    assert MessageFactory.create(stored_parts=None).parts == []
