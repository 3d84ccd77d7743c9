"""Whatever one node may be asked, any other may be asked as well: no session is sticky."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.client import Client, Reader, Stream
from tests.simulator import Script, Simulator

from .cluster import Cluster

#: Longer than a test.
ENDLESS = {"tokens": 100_000, "tps": 50}


def test_it_follows_on_one_node_what_was_asked_on_another(many: Cluster) -> None:
    here, there = many.person()
    script = Script(id=uuid4().hex, tokens=40, tps=100)
    asked = here.ask(here.conversation(), f"hi {script}")
    followed = there.follow(asked.message_id)
    one, other = Reader(), Reader()
    followed.into(other)
    asked.into(one)
    assert one.text == other.text == script.text()
    assert one.cursor == other.cursor


def test_it_hands_words_over_as_they_come(many: Cluster, simulator: Simulator) -> None:
    """The second word is read before the third was sent: the bell rang, or the poll saw it."""
    here, there = many.person()
    script = Script(id=uuid4().hex, tokens=3, fault="stall", at=2)
    asked = here.ask(here.conversation(), f"hi {script}")
    reader = Reader()
    followed = there.follow(asked.message_id)
    until(followed, reader, lambda: len(reader.text) == len(script.text(2)))
    followed.close()
    assert simulator.calls("open", script=script.id)
    there.stop(asked.message_id)
    asked.close()


def test_it_stops_from_another_node(many: Cluster, simulator: Simulator) -> None:
    here, there = many.person()
    script = Script(id=uuid4().hex, **ENDLESS)  # type: ignore[arg-type]
    asked = here.ask(here.conversation(), f"hi {script}")
    reader = Reader()
    until(asked, reader, lambda: reader.text)
    receipt = there.stop(asked.message_id)
    assert receipt.status in (200, 202)
    simulator.wait_for("client_closed", script=script.id, timeout=2)  # P8, from another node
    asked.into(reader)
    assert reader.fold.terminal is not None
    assert reader.fold.terminal.name == "stopped"
    assert there.message(asked.message_id)["status"] == "stopped"


def test_it_calls_once_for_one_key_on_two_nodes(many: Cluster, simulator: Simulator) -> None:
    nodes = many.person()
    script = Script(id=uuid4().hex, tokens=20, tps=200)
    conversation = nodes[0].conversation()
    headers = {"Idempotency-Key": uuid4().hex}

    def ask(node: Client) -> tuple[int, str]:
        asked = node.ask(conversation, f"hi {script}", headers)
        return asked.status, asked.into(Reader()).text

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, nodes * 4))
    assert answers == [(200, script.text())] * 8
    assert len(simulator.calls(script=script.id)) == 1


def test_it_stops_what_still_waits_for_a_worker(many: Cluster) -> None:
    """Nobody runs it yet: whoever is asked to stop it ends it."""
    here, there = many.person()
    script = Script(id=uuid4().hex, first_after=60)
    answer = here.call(
        "POST",
        f"/api/v1/conversations/{here.conversation()}/messages",
        {"text": f"hi {script}"},
        {"Prefer": "respond-async"},
    )
    message = answer.headers["x-message-id"]
    assert there.stop(message).status in (200, 202)
    assert there.resume(message, Reader()).ended


def test_it_ends_on_every_node_what_one_deletes(many: Cluster, simulator: Simulator) -> None:
    here, there = many.person()
    script = Script(id=uuid4().hex, **ENDLESS)  # type: ignore[arg-type]
    conversation = here.conversation()
    asked = here.ask(conversation, f"hi {script}")
    reader = Reader()
    until(asked, reader, lambda: reader.text)
    assert there.call("DELETE", f"/api/v1/conversations/{conversation}").status == 204
    simulator.wait_for("client_closed", script=script.id)
    asked.into(reader)
    assert not reader.ended
    assert here.call("GET", f"/api/v1/messages/{asked.message_id}").status == 404


def until(stream: Stream, reader: Reader, condition: Callable[[], object]) -> None:
    """Read on until it holds."""
    for frame in stream.frames():
        reader.take(frame)
        if condition():
            return
    raise AssertionError(f"it ended before: {reader.frames[-3:]}")
