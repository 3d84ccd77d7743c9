from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from conversations.models import Conversation, Message, Person
from streaming.models import Generation
from streaming.parts import Part
from tests.factories import (
    ConversationFactory,
    GenerationFactory,
    LogEntryFactory,
    MessageFactory,
)

from .document import Document

Visit = Callable[..., Document]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> &amp; <!-- {{ 7 }} \u2028"


def answered(alice: Person, parts: list[Part], **generation: Any) -> Conversation:
    """A conversation with one answer whose generation has these traits."""
    conversation = ConversationFactory.create(owner=alice, said=["Why?"])
    id = Message._meta.pk.get_default()
    conversation.current = MessageFactory.create(
        id=id,
        conversation=conversation,
        parent=conversation.current,
        role=Message.Role.ASSISTANT,
        generation=GenerationFactory.create(key=id, **generation),
        stored_parts=[part.as_json() for part in parts],
    )
    conversation.save()
    return conversation


def state(page: Document) -> Any:
    return json.loads(page.one("live-answer", message=True).one("script").raw_text)


def test_it_shows_the_current_branch_oldest_first(visit: Visit, alice: Person) -> None:
    conversation = ConversationFactory.create(owner=alice, said=["One?", "One.", "Two?", "Two."])
    page = visit(f"/c/{conversation.id}/").one("ol", data_messages=True)
    said = [node.text for node in page if "data-text" in node.attributes or node.tag == "pre"
            or "plain" in node.attributes.get("class", "")]  # fmt: skip
    assert said == ["One?", "One.", "Two?", "Two."]


def test_it_prints_any_text_as_text(visit: Visit, alice: Person) -> None:
    conversation = ConversationFactory.create(owner=alice, title=HOSTILE, said=[HOSTILE, HOSTILE])
    page = visit(f"/c/{conversation.id}/")
    messages = page.one("ol", data_messages=True)
    assert not page.all("img")
    assert len(messages.all("script")) == 1
    assert messages.one(data_text=True).raw_text == HOSTILE
    assert messages.one(class_="part plain").raw_text == HOSTILE
    assert state(page) == {"parts": [{"type": "text", "text": HOSTILE}]}


def test_it_gives_an_answer_its_status_and_cursor(visit: Visit, alice: Person) -> None:
    conversation = answered(alice, [Part("text", "Because.")], done=True)
    answer = visit(f"/c/{conversation.id}/").one("live-answer", message=True)
    assert answer["message"] == str(conversation.current_id)
    assert answer["status"] == "done"
    assert answer["cursor"] == f"{str(conversation.current_id)[-12:]}-4"


def test_it_shows_what_there_is_of_a_running_answer(visit: Visit, alice: Person) -> None:
    conversation = answered(alice, [], running=True)
    answer = conversation.messages.get(role=Message.Role.ASSISTANT)
    Message.objects.filter(pk=answer.pk).update(stored_parts=None)
    generation = answer.generation
    LogEntryFactory.create(
        generation=generation, name="started", data='{"model": "demo/tour", "attempt": 1}'
    )
    LogEntryFactory.create(generation=generation, name="part", data='{"index": 0, "type": "text"}')
    LogEntryFactory.create(generation=generation, text="Half an ans")
    page = visit(f"/c/{conversation.id}/")
    shown = page.one("live-answer", message=True)
    assert shown["status"] == "running"
    assert shown["cursor"].endswith("-3")
    assert shown.one(class_="part plain").text == "Half an ans"
    # And without scripts: it comes again by itself, and can be stopped.
    refresh, stop = page.all("noscript")
    assert refresh.one("meta", http_equiv="refresh")["content"] == "2"
    assert stop.one("form")["action"] == f"/m/{conversation.current_id}/stop/"


@pytest.mark.parametrize(
    ("how", "words", "may_continue"),
    [
        ({"done": True}, "", False),
        ({"stopped": True}, "Stopped.", True),
        ({"incomplete": True}, "The answer reached its longest allowed length.", True),
        (
            {"incomplete": True, "outcome": "something new"},
            "The answer ended early. What there is was kept.",
            True,
        ),
        ({"failed": True}, "The provider has too much to do. Try again in a minute.", True),
        (
            {"failed": True, "recoverable": False, "error_message": "<b>The key is wrong."},
            "<b>The key is wrong.",
            False,
        ),
    ],
)
def test_it_says_how_an_answer_ended_and_what_can_be_done(
    visit: Visit, alice: Person, how: dict[str, Any], words: str, may_continue: bool
) -> None:
    conversation = answered(alice, [Part("text", "Some words")], **how)
    page = visit(f"/c/{conversation.id}/")
    assert not page.all("noscript")
    answer = page.one("live-answer", message=True)
    error = answer.one("p", data_error=True)
    assert (error.text, "hidden" in error.attributes) == (words, not words)
    go_on = answer.one("button", data_action="continue")
    assert ("hidden" not in go_on.attributes) is may_continue
    assert "hidden" not in answer.one("button", data_action="regenerate").attributes
    assert answer.one("form")["action"] == f"/m/{conversation.current_id}/again/"


def test_it_does_not_offer_to_go_on_from_nothing(visit: Visit, alice: Person) -> None:
    conversation = answered(alice, [], failed=True)
    answer = visit(f"/c/{conversation.id}/").one("live-answer", message=True)
    assert "hidden" in answer.one("button", data_action="continue").attributes


def test_it_folds_reasoning_and_tools_away(visit: Visit, alice: Person) -> None:
    parts = [
        Part("reasoning", "Let me <think>."),
        Part("tool_call", '{"q": 1}', name="search", call="c1"),
        Part("tool_result", "found", call="c1"),
        Part("text", "There."),
    ]
    conversation = answered(alice, parts, done=True)
    folded = visit(f"/c/{conversation.id}/").all("details", class_="part")
    assert [one.one("summary").text for one in folded] == ["Reasoning", "Used search", "Result"]
    assert folded[0].one("pre").text == "Let me <think>."


def test_it_has_templates_that_a_script_can_fill(visit: Visit, db: None) -> None:
    page = visit("/")
    question = page.one("template", data_template="question")
    assert question.one(data_text=True).raw_text == ""
    answer = page.one("template", data_template="answer").one("live-answer")
    assert set(answer.attributes) == {"role", "aria-label"}
    assert not answer.all("script")
    assert answer.one(data_body=True).text == ""
    for line in (answer.one(data_state=True), answer.one(data_error=True)):
        assert "hidden" in line.attributes
    for name in ("now", "copy", "continue", "regenerate"):
        assert "hidden" in answer.one("button", data_action=name).attributes


def test_it_offers_a_newcomer_something_to_ask(visit: Visit, alice: Person) -> None:
    form = visit("/").one(data_empty=True).one("form")
    assert form["action"] == "/ask/"
    assert all(button["value"] for button in form.all("button", name="text"))
    conversation = ConversationFactory.create(owner=alice, said=["Hi", "Hello"])
    assert not visit(f"/c/{conversation.id}/").all(data_empty=True)


def test_it_answers_a_strangers_conversation_as_one_that_is_not(
    visit: Visit, charlie: Person
) -> None:
    theirs = ConversationFactory.create(owner=charlie, title="Secret")
    there = visit(f"/c/{theirs.id}/", status=404)
    nowhere = visit(f"/c/{uuid4()}/", status=404)
    assert there.text == nowhere.text


def test_it_sends_strangers_to_the_sign_in_and_back(alice: Person) -> None:
    conversation = ConversationFactory.create(owner=alice)
    answer = Client().get(f"/c/{conversation.id}/")
    assert answer["Location"] == f"/accounts/login/?next=/c/{conversation.id}/"


def test_it_sends_the_very_first_visitor_to_the_sign_up(db: None) -> None:
    assert Client().get("/")["Location"] == "/accounts/signup/"


def test_it_costs_no_query_per_message(
    visit: Visit, alice: Person, django_assert_max_num_queries: Any
) -> None:
    conversation = ConversationFactory.create(owner=alice, said=["?", "!"] * 20)
    with django_assert_max_num_queries(6):
        visit(f"/c/{conversation.id}/")
    assert Generation.objects.count() == 20
