from __future__ import annotations

import pytest
from django.test import Client

from conversations.models import Conversation, Message, Person
from tests.factories import ConversationFactory

from .document import Document

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "This field is required."),
        (" \n ", "Write something first."),
        ("a\0b", "Null characters are not allowed."),
        ("x" * 1_000_001, "at most 1000000 characters"),
    ],
)
def test_it_says_what_is_wrong_with_a_message(browser: Client, text: str, words: str) -> None:
    answer = browser.post("/ask/", {"text": text})
    page = Document(answer.content.decode())
    assert answer.status_code == 422
    assert words in page.one("chat-composer").one("p", role="alert").text
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("new", [True, False])
def test_it_keeps_what_was_written_when_there_is_no_such_model(
    browser: Client, alice: Person, new: bool
) -> None:
    text = "A <long> message\n  that took an hour"
    path = "/ask/" if new else f"/c/{ConversationFactory.create(owner=alice).id}/ask/"
    before = Conversation.objects.count()
    answer = browser.post(path, {"text": text, "model": "nobody/nothing"})
    page = Document(answer.content.decode())
    assert answer.status_code == 422
    assert page.one("textarea", name="text").raw_text == text
    assert page.one("chat-composer").one("p", role="alert").text
    assert Conversation.objects.count() == before
    assert not Message.objects.exists()


def test_it_leads_back_when_its_address_is_opened(browser: Client, alice: Person) -> None:
    conversation = ConversationFactory.create(owner=alice)
    assert browser.get("/ask/")["Location"] == "/"
    assert browser.get(f"/c/{conversation.id}/ask/")["Location"] == f"/c/{conversation.id}/"


def test_it_knows_nothing_of_a_strangers_conversation(browser: Client, charlie: Person) -> None:
    theirs = ConversationFactory.create(owner=charlie, said=["Hi", "Hello"])
    answer = theirs.current_id
    assert browser.post(f"/c/{theirs.id}/ask/", {"text": "Hi"}).status_code == 404
    assert browser.post(f"/m/{answer}/stop/").status_code == 404
    assert browser.post(f"/m/{answer}/again/", {"how": "regenerate"}).status_code == 404
    assert Message.objects.count() == 2


def test_it_wants_a_token_against_forgery(alice: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    answer = strict.post("/ask/", {"text": "Hi"})
    assert answer.status_code == 403
    assert "Go back, reload it and try again" in answer.content.decode()
    assert not Message.objects.exists()
