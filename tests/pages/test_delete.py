from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from conversations.models import Conversation, Message, Person
from streaming.models import Generation
from tests.factories import ConversationFactory

from .document import Document

Visit = Callable[..., Document]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conversation(alice: Person) -> Conversation:
    return ConversationFactory.create(owner=alice, title="Doomed", said=["Hi", "Hello"])


def htmx(path: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}"}


def test_it_asks_first(visit: Visit, conversation: Conversation) -> None:
    for page in (
        visit(f"/c/{conversation.id}/delete/"),
        visit(f"/c/{conversation.id}/delete/", htmx="/"),
    ):
        assert "Delete Doomed for good?" in page.text
    assert Conversation.objects.filter(pk=conversation.pk).exists()


def test_it_deletes_all_of_it(browser: Client, conversation: Conversation) -> None:
    assert browser.post(f"/c/{conversation.id}/delete/")["Location"] == "/"
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not Generation.objects.exists()


def test_it_says_so_in_its_place_in_the_list(browser: Client, conversation: Conversation) -> None:
    answer = browser.post(f"/c/{conversation.id}/delete/", headers=htmx("/"))
    assert Document(answer.content.decode()).one("li").text == "“Doomed” was deleted."


def test_it_leaves_the_page_of_what_is_gone(browser: Client, conversation: Conversation) -> None:
    path = f"/c/{conversation.id}/"
    assert browser.post(path + "delete/", headers=htmx(path))["HX-Redirect"] == "/"


def test_it_knows_nothing_of_a_strangers_conversation(browser: Client, charlie: Person) -> None:
    theirs = ConversationFactory.create(owner=charlie)
    assert browser.post(f"/c/{theirs.id}/delete/").status_code == 404
    assert Conversation.objects.filter(pk=theirs.pk).exists()
