"""Conversations: create, list, read, change, delete."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import pytest

from tests.client import Json, Reader
from tests.simulator import Script, Simulator
from tests.site import Site

from .problems import assert_problem
from .sites import ANTHROPIC, Somebody, on_every_server, people

HERE = "/api/v1/conversations"


@on_every_server
def test_it_creates_one_from_nothing(alice: Somebody) -> None:
    answer = alice.call("POST", HERE, {})
    assert answer.status == 201
    made = answer.json
    assert UUID(made["id"]).version == 7
    assert datetime.fromisoformat(made["created_at"]).tzinfo is not None
    assert made.keys() == {
        *("id", "title", "system_prompt", "model", "pinned", "archived"),
        *("current_message_id", "created_at", "updated_at"),
    }
    assert (made["pinned"], made["archived"], made["current_message_id"]) == (False, False, None)
    assert alice.call("GET", f"{HERE}/{made['id']}").json == made


def test_it_creates_one_without_a_body(alice: Somebody) -> None:
    answer = alice.call("POST", HERE)
    assert answer.status == 201, answer


def test_it_takes_title_system_prompt_and_model(alice: Somebody, simulator: Simulator) -> None:
    fields = {"title": "Ärger 👩‍🚀 <b>", "system_prompt": "Be brief.\n", "model": ANTHROPIC}
    made = alice.call("POST", HERE, fields).json
    assert {name: made[name] for name in fields} == fields
    script = Script(id=f"told {made['id']}")
    alice.ask(made["id"], f"hi {script}").into(Reader())
    (call,) = simulator.calls(script=script.id)
    assert call["wire"] == "anthropic"
    assert "Be brief." in str(call["body"]["system"])
    assert alice.call("GET", f"{HERE}/{made['id']}").json["title"] == fields["title"]


def test_it_finds_a_title_in_the_first_question(alice: Somebody) -> None:
    conversation = alice.conversation()
    alice.ask(conversation, "  \n How are you?\nAnd so on").into(Reader())
    assert alice.call("GET", f"{HERE}/{conversation}").json["title"] == "How are you?"


@on_every_server
def test_it_changes_only_what_is_sent(alice: Somebody) -> None:
    before = alice.call("POST", HERE, {"title": "one", "system_prompt": "two"}).json
    changes = {"title": "three", "pinned": True, "archived": True, "model": ANTHROPIC}
    for name, value in changes.items():
        answer = alice.call("PATCH", f"{HERE}/{before['id']}", {name: value})
        assert answer.status == 200
        assert answer.json == {
            **before,
            name: value,
            "updated_at": answer.json["updated_at"],
        }
        before = answer.json
    assert alice.call("PATCH", f"{HERE}/{before['id']}", {}).json["title"] == "three"
    assert alice.call("GET", f"{HERE}/{before['id']}").json["system_prompt"] == "two"


def test_it_lists_the_archived_ones_apart(alice: Somebody) -> None:
    kept, archived = alice.conversation(title="kept"), alice.conversation(title="archived")
    alice.call("PATCH", f"{HERE}/{archived}", {"archived": True})
    assert [one["id"] for one in alice.call("GET", HERE).json["items"]] == [kept]
    listed = alice.call("GET", f"{HERE}?archived=true").json
    assert [one["id"] for one in listed["items"]] == [archived]
    assert listed["next"] is None


def test_it_lists_pinned_ones_first_and_then_the_latest(alice: Somebody) -> None:
    first, second, third = (alice.conversation(title=str(n)) for n in range(3))
    alice.call("PATCH", f"{HERE}/{first}", {"pinned": True})
    alice.ask(second, "hi").into(Reader())
    assert [one["id"] for one in alice.call("GET", HERE).json["items"]] == [first, second, third]


@pytest.mark.parametrize("q", ["needle", "NEEDLE", "hay%20needle", "eedl"])
def test_it_finds_by_words_of_the_title(alice: Somebody, q: str) -> None:
    found = alice.conversation(title="hay needle hay")
    alice.conversation(title="only hay")
    assert [one["id"] for one in alice.call("GET", f"{HERE}?q={q}").json["items"]] == [found]


def test_it_takes_a_search_as_words_and_not_as_a_pattern(alice: Somebody) -> None:
    alice.conversation(title="hay")
    for q in ("%25", "_", "%27%22", "%F0%9F%98%80", "%ff", "\\", "*", "a" * 3000):
        answer = alice.call("GET", f"{HERE}?q={q}")
        assert answer.status == 200, (q, answer)
        assert answer.json["items"] == [], q
    assert_problem(alice.call("GET", f"{HERE}?q=%00"), 422, "q")


@on_every_server
def test_it_deletes_one_with_all_that_was_said(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"deleted {conversation}", tokens=10_000, tps=50)
    stream = alice.ask(conversation, f"hi {script}")
    simulator.wait_for("open", script=script.id)
    answer = alice.call("DELETE", f"{HERE}/{conversation}")
    assert (answer.status, answer.body) == (204, b"")
    simulator.wait_for("client_closed", script=script.id)
    stream.into(Reader())  # it ends
    for method, path in (
        ("GET", f"{HERE}/{conversation}"),
        ("DELETE", f"{HERE}/{conversation}"),
        ("PATCH", f"{HERE}/{conversation}"),
        ("GET", f"{HERE}/{conversation}/messages"),
        ("GET", f"/api/v1/messages/{stream.message_id}"),
        ("GET", f"/api/v1/messages/{stream.message_id}/events"),
        ("POST", f"/api/v1/messages/{stream.message_id}/stop"),
    ):
        body: Json = {} if method == "PATCH" else None
        assert_problem(alice.call(method, path, body), 404)


def test_it_chooses_the_branch_that_is_shown(alice: Somebody) -> None:
    conversation = alice.conversation()
    first = alice.answered(conversation, "hi")
    second = alice.call("POST", f"/api/v1/messages/{first}/regenerate").json["id"]
    path = f"{HERE}/{conversation}"
    assert alice.call("GET", path).json["current_message_id"] == second
    answer = alice.call("PATCH", path, {"current_message_id": first})
    assert answer.json["current_message_id"] == first
    assert alice.call("GET", f"{path}/messages").json["items"][-1]["id"] == first


def test_it_refuses_a_branch_of_another_conversation(alice: Somebody) -> None:
    other = alice.answered(alice.conversation(), "hi")
    conversation = alice.conversation()
    answer = alice.call("PATCH", f"{HERE}/{conversation}", {"current_message_id": other})
    assert_problem(answer, 404)


def test_the_same_key_again_gives_the_same_conversation(alice: Somebody, site: Site) -> None:
    (bob,) = people(site)
    made = [alice.call("POST", HERE, {}, {"Idempotency-Key": "chat-1"}) for _ in range(3)]
    assert {answer.status for answer in made} == {201}
    assert len({answer.json["id"] for answer in made}) == 1
    changed = alice.call("POST", HERE, {"title": "x"}, {"Idempotency-Key": "chat-1"})
    assert_problem(changed, 422)
    other = alice.call("POST", HERE, {}, {"Idempotency-Key": "chat-2"})
    his = bob.call("POST", HERE, {}, {"Idempotency-Key": "chat-1"})
    assert len({made[0].json["id"], other.json["id"], his.json["id"]}) == 3


def test_only_an_answer_can_be_the_end_of_a_branch(alice: Somebody) -> None:
    conversation = alice.conversation()
    answer = alice.message(alice.answered(conversation, f"hi {Script(tokens=3)}"))
    change = {"current_message_id": answer["parent_id"]}
    assert_problem(alice.call("PATCH", f"{HERE}/{conversation}", change), 422)


def test_deleting_it_ends_a_call_that_waits_for_the_answer(
    alice: Somebody, simulator: Simulator
) -> None:
    conversation = alice.conversation()
    script = Script(id=f"waits {alice.username}", fault="endless", tps=50)
    path = f"{HERE}/{conversation}/messages"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(alice.call, "POST", path, {"text": f"hi {script}"})
        simulator.wait_for("open", script=script.id)
        assert alice.call("DELETE", f"{HERE}/{conversation}").status == 204
        assert_problem(waiting.result(), 404)
    simulator.wait_for("client_closed", script=script.id)
