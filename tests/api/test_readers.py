"""Many readers of one answer: each has all of it, and there is one upstream call."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.client import Reader
from tests.simulator import Script, Simulator

from .sites import MODELS, Somebody, on_every_server


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_two_tabs_see_the_same(alice: Somebody, simulator: Simulator, model: str) -> None:
    conversation = alice.conversation(model=model)
    script = Script(id=f"tabs {conversation}", tokens=150, tps=300, alphabet="hostile")
    asking = alice.ask(conversation, f"hi {script}")
    other = alice.follow(asking.message_id)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda stream: stream.into(Reader()), (asking, other))
    assert one.text == two.text == script.text()
    assert one.cursor == two.cursor
    assert one.fold.terminal == two.fold.terminal
    assert len(simulator.calls(script=script.id)) == 1


@on_every_server
def test_those_who_come_late_miss_nothing(alice: Somebody, simulator: Simulator) -> None:
    conversation = alice.conversation()
    script = Script(id=f"late {conversation}", tokens=200, tps=200, alphabet="hostile")
    asking = alice.ask(conversation, f"hi {script}")
    with ThreadPoolExecutor(20) as pool:
        first = Reader()
        late: list[Future[Reader]] = []
        for frame in asking.frames():
            first.take(frame)
            if len(first.frames) % 10 == 0 and len(late) < 20:
                stream = alice.follow(asking.message_id)
                late.append(pool.submit(stream.into, Reader()))
        readers = [one.result() for one in late]
    assert len(readers) > 3
    assert {reader.text for reader in (first, *readers)} == {script.text()}
    assert len(simulator.calls(script=script.id)) == 1


def test_one_who_waits_for_json_and_one_who_streams_agree(alice: Somebody) -> None:
    script = Script(tokens=60, tps=200, reasoning=5)
    stream = alice.ask(alice.conversation(), f"hi {script}")
    path = f"/api/v1/messages/{stream.message_id}/events"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(alice.call, "GET", path)
        reader = stream.into(Reader())
        parts = [part["text"] for part in waiting.result().json["parts"]]
    assert parts == [part.text for part in reader.fold.parts]
