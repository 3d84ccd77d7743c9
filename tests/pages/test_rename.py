from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from conversations.models import Conversation, Person
from tests.factories import ConversationFactory

from .document import Document

Visit = Callable[..., Document]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def conversation(alice: Person) -> Conversation:
    return ConversationFactory.create(owner=alice, title="Old")


def test_it_asks_in_place(visit: Visit, conversation: Conversation) -> None:
    part = visit(f"/c/{conversation.id}/rename/", htmx="/")
    assert part.children[0].tag == "li"  # type: ignore[union-attr]
    assert part.one("input", name="title")["value"] == "Old"


def test_it_puts_the_new_name_back_into_the_list(
    browser: Client, conversation: Conversation
) -> None:
    before = conversation.updated_at
    answer = browser.post(f"/c/{conversation.id}/rename/", {"title": " New "}, headers=HTMX)
    assert Document(answer.content.decode()).one("a", class_="conversation-link").text == "New"
    conversation.refresh_from_db()
    assert (conversation.title, conversation.updated_at) == ("New", before)


def test_it_is_a_page_of_its_own_without_scripts(
    browser: Client, visit: Visit, conversation: Conversation
) -> None:
    form = visit(f"/c/{conversation.id}/rename/").one("form", class_="conversation-form")
    answer = browser.post(form["action"], {"title": "New"})
    assert answer["Location"] == f"/c/{conversation.id}/"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "nul\0"])
def test_it_says_what_is_wrong_with_a_name(
    browser: Client, conversation: Conversation, title: str
) -> None:
    for headers in ({}, HTMX):
        answer = browser.post(f"/c/{conversation.id}/rename/", {"title": title}, headers=headers)
        assert answer.status_code == 422
        assert Document(answer.content.decode()).one("ul", class_="errorlist").text
    conversation.refresh_from_db()
    assert conversation.title == "Old"


def test_it_knows_nothing_of_a_strangers_conversation(browser: Client, charlie: Person) -> None:
    theirs = ConversationFactory.create(owner=charlie, title="Theirs")
    assert browser.post(f"/c/{theirs.id}/rename/", {"title": "Mine"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.title == "Theirs"
