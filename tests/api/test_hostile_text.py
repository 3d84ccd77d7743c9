"""Any text survives, to the code point: in the stream, in what is stored, after a resume."""

from __future__ import annotations

import random

import pytest

from tests.client import Reader
from tests.simulator import Script

from .sites import MODELS, Somebody, on_every_server

pytestmark = on_every_server

SEEDS = (1, 2, 3)


def hostile(seed: int, **more: object) -> Script:
    return Script(id=f"hostile {seed}", tokens=300, alphabet="hostile", seed=seed, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", MODELS)
def test_it_reaches_every_kind_of_reader_exactly(alice: Somebody, model: str) -> None:
    for seed in SEEDS:
        script = hostile(seed)
        conversation = alice.conversation(model=model)
        stream = alice.ask(conversation, f"hi {script}")
        reader = stream.into(Reader())
        assert reader.text == script.text()
        assert alice.resume(stream.message_id, Reader()).text == script.text()
        message = alice.message(stream.message_id)
        assert [part["text"] for part in message["parts"]] == [script.text()]
        listed = alice.call("GET", f"/api/v1/conversations/{conversation}/messages").json
        assert listed["items"][-1] == message


@pytest.mark.parametrize("model", MODELS)
def test_it_survives_any_cut_and_resume(alice: Somebody, model: str) -> None:
    dice = random.Random(2)
    script = hostile(4, tps=600)
    conversation = alice.conversation(model=model)
    stream = alice.ask(conversation, f"hi {script}")
    reader = stream.into(Reader(), cut_after=dice.randint(1, 1500))
    while not reader.ended:
        following = alice.follow(stream.message_id, reader.cursor)
        following.into(reader, cut_after=dice.randint(1, 4000))
    assert reader.text == script.text()


@pytest.mark.parametrize("model", MODELS)
def test_it_keeps_a_question_exactly(alice: Somebody, model: str) -> None:
    said = hostile(5).text() + "\0"
    conversation = alice.conversation(model=model)
    alice.ask(conversation, said).into(Reader())
    listed = alice.call("GET", f"/api/v1/conversations/{conversation}/messages").json
    assert listed["items"][0]["parts"] == [
        {"type": "text", "text": said, "name": None, "call": None}
    ]


def test_it_survives_bytes_that_come_one_by_one(alice: Somebody) -> None:
    script = Script(tokens=60, alphabet="hostile", seed=9, split=1)
    stream = alice.ask(alice.conversation(), f"hi {script}")
    assert stream.into(Reader()).text == script.text()
