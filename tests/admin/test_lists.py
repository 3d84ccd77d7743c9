"""Lists: found by words, person, model, state and day, in a fixed number of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import ApiToken, Conversation, Message, Person
from streaming.models import Generation
from tests.factories import (
    ApiTokenFactory,
    ConversationFactory,
    GenerationFactory,
    MessageFactory,
    PersonFactory,
)

from .conftest import exchange, listing, page, staff

pytestmark = pytest.mark.django_db

MODELS: list[type[Model]] = [Conversation, Message, Generation, Person, ApiToken]


def rows(client: Client, kind: type[Model], **query: str) -> set[Any]:
    response = client.get(listing(kind), query)
    assert response.status_code == 200, response
    return {row.pk for row in response.context["cl"].result_list}


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_it_asks_as_often_for_many_rows_as_for_few(model: type[Model]) -> None:
    codename = f"view_{model._meta.model_name}"
    ConversationFactory.create(said=["a", "b"])
    ApiTokenFactory.create()
    few = queries(staff(codename), listing(model))
    for _ in range(8):
        ConversationFactory.create(said=["a", "b", "c", "d"])
        ApiTokenFactory.create()
    assert queries(staff(codename), listing(model)) == few <= 10


def test_it_asks_at_most_ten_times_for_a_page() -> None:
    conversation = ConversationFactory.create(said=["a", "b"] * 20)
    answer = conversation.messages.select_related("generation").latest("id")
    token = ApiTokenFactory.create(person=conversation.owner)
    pages = [conversation, answer, answer.generation, conversation.owner, token]
    for row in filter(None, pages):
        client = staff(f"view_{row._meta.model_name}")
        assert queries(client, page(row)) <= 10, row


def test_it_finds_a_message_by_any_words_in_it(admin: Client) -> None:
    wanted = MessageFactory.create(text='Say "C:\\temp"\tnow, 你好')
    MessageFactory.create(text="Something else")
    for words in ("你好", '"C:\\temp"', "temp SAY", "\tnow", "C:\\temp"):
        assert rows(admin, Message, q=words) == {wanted.pk}, words


def test_it_finds_things_by_a_whole_id(admin: Client) -> None:
    made = exchange()
    exchange()
    both = {made.question.pk, made.answer.pk}
    assert rows(admin, Message, q=str(made.answer.pk)) == {made.answer.pk}
    assert rows(admin, Message, q=str(made.conversation.pk)) == both
    assert rows(admin, Conversation, q=str(made.answer.pk)) == {made.conversation.pk}
    assert rows(admin, Generation, q=made.answer.pk.hex) == {made.generation.pk}


def test_it_filters_by_person(admin: Client) -> None:
    alice = PersonFactory.create(username="alice", email="al@example.org")
    hers = exchange(owner=alice)
    exchange()
    token = ApiTokenFactory.create(person=alice)
    ApiTokenFactory.create()
    for who in ("alice", "ALICE", "al@example.org"):
        assert rows(admin, Conversation, person=who) == {hers.conversation.pk}
    assert rows(admin, Message, person="alice") == {hers.question.pk, hers.answer.pk}
    assert rows(admin, Generation, person="alice") == {hers.generation.pk}
    assert rows(admin, ApiToken, person="alice") == {token.pk}
    assert rows(admin, Conversation, person="ali") == set()


def test_it_filters_by_state_model_and_outcome(admin: Client) -> None:
    failed = GenerationFactory.create(failed=True, model="openai/gpt-5")
    GenerationFactory.create(done=True, model="anthropic/claude")
    answer = MessageFactory.create(role="assistant", generation=failed, id=failed.key)
    assert rows(admin, Generation, state__exact="failed") == {failed.pk}
    assert rows(admin, Generation, model="GPT") == {failed.pk}
    assert rows(admin, Generation, outcome="overload") == {failed.pk}
    assert rows(admin, Message, generation__state__exact="failed") == {answer.pk}
    assert rows(admin, Message, model="gpt") == {answer.pk}
    assert rows(admin, Conversation, answer="failed") == {answer.conversation_id}
    assert rows(admin, Conversation, answer="running") == set()


def test_it_filters_conversations_by_what_they_are(admin: Client) -> None:
    archived = ConversationFactory.create(archived=True)
    pinned = ConversationFactory.create(pinned=True)
    assert rows(admin, Conversation, archived__exact="1") == {archived.pk}
    assert rows(admin, Conversation, pinned__exact="1") == {pinned.pk}


def test_it_filters_by_day(admin: Client) -> None:
    message = MessageFactory.create()
    today = datetime.fromtimestamp((message.pk.int >> 80) / 1000, UTC).date()
    day = timedelta(days=1)
    inside = {"since": today.isoformat(), "until": today.isoformat()}
    for model, found in ((Message, message.pk), (Conversation, message.conversation_id)):
        assert rows(admin, model, **inside) == {found}
        assert rows(admin, model, since=(today + day).isoformat()) == set()
        assert rows(admin, model, until=(today - day).isoformat()) == set()
        assert rows(admin, model, until="9999-12-31") == {found}
        assert rows(admin, model, since="0001-01-01") == {found}


def test_it_filters_tokens_by_validity(admin: Client) -> None:
    valid = ApiTokenFactory.create()
    revoked = ApiTokenFactory.create(revoked=True)
    expired = ApiTokenFactory.create(expired=True)
    suspended = ApiTokenFactory.create(person__suspended=True)
    assert rows(admin, ApiToken, valid="yes") == {valid.pk}
    assert rows(admin, ApiToken, valid="no") == {revoked.pk, expired.pk, suspended.pk}


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=2026-02-31",
        "p=0",
        "p=999999",
        "p=x",
        "o=99.-99.x",
        "id__exact=nonsense",
        "person=%00",
        "q=%00",
        "q=%22",
        "all=",
        "_facets=True",
        "answer=nonsense",
        "e=1",
    ],
)
def test_it_survives_any_query(admin: Client, query: str) -> None:
    ConversationFactory.create(said=["Hi", "Hello"])
    for model in MODELS:
        assert admin.get(f"{listing(model)}?{query}").status_code in (200, 302)


def test_it_refuses_to_look_where_it_does_not_list(admin: Client) -> None:
    for path in (
        f"{listing(Conversation)}?owner__password__startswith=p",
        f"{listing(ApiToken)}?person__password__startswith=p",
        f"{listing(Person)}?password__startswith=p",
    ):
        assert admin.get(path).status_code == 400


def test_it_adds_up_what_is_filtered(admin: Client) -> None:
    GenerationFactory.create_batch(2, done=True, cost=0.25)
    GenerationFactory.create(done=True, model="openai/gpt-5", usage_exact=False)
    GenerationFactory.create(failed=True)
    GenerationFactory.create(running=True)
    response = admin.get(listing(Generation))
    assert dict(response.context["cl"].paginator.in_words()) == {
        "Generations": "5",
        "Live": "1",
        "Failed": "1",
        "Tokens in": "36",
        "of these cached": "—",
        "Tokens out": "102",
        "of these reasoning": "—",
        "Cost": "0.5000",
        "Usage estimated": "1",
    }
    response = admin.get(listing(Generation), {"model": "gpt"})
    assert dict(response.context["cl"].paginator.in_words())["Tokens out"] == "34"
