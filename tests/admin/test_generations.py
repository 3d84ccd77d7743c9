"""Generations in the admin: how they went, and the button that stops one."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry as Act
from django.test import Client
from django.urls import reverse

from conversations.admin.generation_page import ROW_LIMIT, ROWS
from streaming.events import dumps
from streaming.models import Generation, LogEntry
from streaming.parts import Part
from streaming.prompt import Prompt, Turn
from tests.factories import GenerationFactory, LogEntryFactory

from .conftest import listing, page, staff

pytestmark = pytest.mark.django_db


def stop_button(generation: Generation) -> str:
    return reverse("admin:streaming_generation_stop", args=[generation.pk])


def test_it_stops_a_running_one(admin: Client) -> None:
    generation = GenerationFactory.create(running=True)
    assert stop_button(generation) in admin.get(page(generation)).content.decode()
    response = admin.post(stop_button(generation))
    assert response.url == page(generation)  # type: ignore[attr-defined]
    generation.refresh_from_db()
    assert generation.stop_receipt is not None
    assert generation.stop_requested_at is not None


def test_it_writes_down_who_stopped_it(admin: Client) -> None:
    generation = GenerationFactory.create(running=True)
    admin.post(stop_button(generation))
    generation.refresh_from_db()
    act = Act.objects.get()
    assert act.user.get_username() == "ada"
    assert act.object_id == str(generation.pk)
    assert str(generation.stop_receipt) in act.change_message


def test_it_stops_the_selected_ones_that_still_run(admin: Client) -> None:
    running, other = GenerationFactory.create_batch(2, running=True)
    done = GenerationFactory.create(done=True)
    selected = {"action": "stop_selected", "_selected_action": [running.pk, done.pk], "index": "0"}
    admin.post(listing(Generation), selected)
    stopped = Generation.objects.filter(stop_receipt__isnull=False)
    assert [one.pk for one in stopped] == [running.pk]
    assert other.stop_receipt is None


def test_it_ends_one_that_nobody_runs(admin: Client) -> None:
    generation = GenerationFactory.create(
        asked="?" * 40, labels={"message_id": "m", "conversation_id": "c"}
    )
    admin.post(stop_button(generation))
    generation.refresh_from_db()
    assert generation.state == Generation.State.STOPPED


def test_it_says_so_when_one_had_ended_before(admin: Client) -> None:
    generation = GenerationFactory.create(done=True)
    assert stop_button(generation) not in admin.get(page(generation)).content.decode()
    response = admin.post(stop_button(generation), follow=True)
    assert "had ended by itself before" in response.content.decode()
    assert not Act.objects.exists()


def test_it_offers_stopping_to_those_who_may() -> None:
    generation = GenerationFactory.create(running=True)
    reviewer, operator = staff("view_generation"), staff("view_generation", "change_generation")
    selected = {"action": "stop_selected", "_selected_action": [generation.pk], "index": "0"}
    assert stop_button(generation) not in reviewer.get(page(generation)).content.decode()
    assert "stop_selected" not in reviewer.get(listing(Generation)).content.decode()
    assert reviewer.post(stop_button(generation)).status_code == 403
    reviewer.post(listing(Generation), selected)
    generation.refresh_from_db()
    assert generation.stop_receipt is None
    assert stop_button(generation) in operator.get(page(generation)).content.decode()
    assert "stop_selected" in operator.get(listing(Generation)).content.decode()
    assert operator.post(page(generation), {"state": "done"}).status_code == 403


def test_it_stops_nothing_on_a_get(admin: Client) -> None:
    generation = GenerationFactory.create(running=True)
    assert admin.get(stop_button(generation)).status_code == 405
    assert admin.post(reverse("admin:streaming_generation_stop", args=[999])).status_code == 404
    generation.refresh_from_db()
    assert generation.stop_receipt is None


def test_it_stops_nothing_without_the_forms_token(admin: Client) -> None:
    generation = GenerationFactory.create(running=True)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    assert strict.post(stop_button(generation)).status_code == 403
    generation.refresh_from_db()
    assert generation.stop_receipt is None


def test_it_shows_the_prompt_as_text(admin: Client) -> None:
    turns = (
        Turn("user", (Part("text", "What is <b>this</b>?"),)),
        Turn("assistant", (Part("reasoning", "Hm."), Part("tool_call", "{}", "look", "c1"))),
    )
    prompt = Prompt("demo/tour", turns, "Be kind.", {"max_tokens": 5}, (Part("text", "So far"),))
    content = admin.get(page(GenerationFactory.create(prompt=prompt.json()))).content.decode()
    for words in ("What is &lt;b&gt;this&lt;/b&gt;?", "Hm.", "look c1", "Be kind.", "So far"):
        assert words in content
    assert "{&quot;max_tokens&quot;:5}" in content


@pytest.mark.parametrize("prompt", ["", "not <json>", "[]", '{"model": 1}', "null"])
def test_it_shows_a_prompt_that_it_cannot_read(admin: Client, prompt: str) -> None:
    response = admin.get(page(GenerationFactory.create(prompt=prompt)))
    assert response.status_code == 200
    assert "<json>" not in response.content.decode()


def test_it_shows_the_log_in_pages(admin: Client) -> None:
    generation = GenerationFactory.create(running=True)
    LogEntry.objects.bulk_create(
        LogEntry(generation=generation, seq=seq, epoch=1, name="delta", data="{}")
        for seq in range(1, 2 * ROWS + 11)
    )
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        context = admin.get(page(generation), {"after": after}).context
        seen += [entry["seq"] for entry in context["entries"]]
        after = context["next"]
    assert seen == list(range(1, 2 * ROWS + 11))
    for nonsense in ("x", "-1", "9" * 40, "²"):
        assert admin.get(page(generation), {"after": nonsense}).status_code == 200


def test_it_loads_the_beginning_of_a_long_entry(admin: Client) -> None:
    data = dumps({"index": 0, "text": "x" * 100_000})
    entry = LogEntryFactory.create(data=data)
    shown = admin.get(page(entry.generation)).context["entries"][0]
    assert shown["more"] == len(data) - ROW_LIMIT
    assert len(shown["data"]) < ROW_LIMIT * 2


def test_it_shows_one_that_no_message_belongs_to(admin: Client) -> None:
    generation = GenerationFactory.create(done=True)
    assert admin.get(page(generation)).status_code == 200
    assert admin.get(listing(Generation)).status_code == 200


def test_it_shows_where_an_answer_was_gone_on_with(admin: Client) -> None:
    generation = GenerationFactory.create(done=True, attempt=2, losses=1)
    texts = [
        ("started", {"model": "m", "attempt": 1}),
        ("part", {"index": 0, "type": "text"}),
        ("delta", {"index": 0, "text": "Once <b>upon"}),
        ("started", {"model": "m", "attempt": 2}),
        ("delta", {"index": 0, "text": " a time"}),
    ]
    for name, data in texts:
        LogEntryFactory.create(generation=generation, name=name, data=dumps(data))
    shown = admin.get(page(generation)).content.decode()
    assert "Run 2" in shown
    assert "behind 12 characters: “Once &lt;b&gt;upon”" in shown
    assert "Seams" not in admin.get(page(GenerationFactory.create(done=True))).content.decode()
