"""P15: the usage recorded equals the calls made; what had to be estimated says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.database import rows
from tests.api.sites import MODELS, OPENAI, Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

CACHED = 3


def counted(call: Any) -> tuple[int, int]:
    """What the simulator said that a call came to: see its wires.

    What was read from a cache or put into one is input, too; one vendor counts it apart.
    """
    apart = CACHED + 2 if call["wire"] == "anthropic" else 0
    return len(json.dumps(call["body"]["messages"])) // 4 + apart, call["tokens"]


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_what_is_recorded_is_what_was_called(
    alice: Somebody, simulator: Simulator, model: str
) -> None:
    conversation = alice.conversation(model=model)
    calls, recorded = [], []
    for number in range(4):
        script = Script(id=f"account {number} {conversation}", tokens=10 + number, reasoning=number)
        reader = alice.ask(conversation, f"hi {script}").into(Reader())
        assert reader.fold.terminal is not None
        usage = reader.fold.terminal.data()["usage"]
        assert usage["exact"] is True
        assert usage["cached_tokens"] == CACHED
        assert usage.get("reasoning_tokens", 0) == (number if model == OPENAI else 0)
        calls += [counted(call) for call in simulator.calls(script=script.id)]
        recorded.append((usage["input_tokens"], usage["output_tokens"]))
    assert recorded == calls
    listed = alice.call("GET", f"/api/v1/conversations/{conversation}/messages").json["items"]
    stored = [one["usage"] for one in listed if one["role"] == "assistant"]
    assert [(one["input_tokens"], one["output_tokens"]) for one in stored] == calls


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("usage", ["missing", "absurd"])
def test_what_was_estimated_says_so(alice: Somebody, model: str, usage: str) -> None:
    script = Script(tokens=40, usage=usage)
    reader = alice.ask(alice.conversation(model=model), f"hi {script}").into(Reader())
    assert reader.fold.status == "done"
    assert reader.fold.terminal is not None
    told = reader.fold.terminal.data()["usage"]
    assert told["exact"] is False
    assert told["input_tokens"] >= 0
    assert told["output_tokens"] == -(-len(script.text()) // 4)


@pytest.mark.parametrize("model", MODELS)
def test_a_call_that_was_cut_off_is_estimated(alice: Somebody, model: str) -> None:
    script = Script(tokens=40, fault="eof", at=20)
    reader = alice.ask(alice.conversation(model=model), f"hi {script}").into(Reader())
    assert reader.fold.terminal is not None
    usage = reader.fold.terminal.data()["usage"]
    assert usage["exact"] is False
    assert usage["output_tokens"] > 0


def test_the_account_is_in_the_row_when_the_end_is_seen(alice: Somebody, site: Site) -> None:
    """One transaction: whoever has read the terminal event finds the row."""
    for _ in range(10):
        stream = alice.ask(alice.conversation(), f"hi {Script(tokens=7)}")
        for frame in stream.frames():
            if frame.event == "done":
                ((state, output, last),) = rows(
                    site,
                    "SELECT state, output_tokens, last_seq FROM streaming_generation WHERE key = ?",
                    stream.message_id.replace("-", ""),
                )
                assert (state, output) == ("done", 7)
                assert frame.id.endswith(f"-{last}")


def test_an_answer_that_never_came_cost_nothing(alice: Somebody) -> None:
    script = Script(fault="status", status=401)
    id = alice.answered(alice.conversation(), f"hi {script}")
    assert alice.message(id)["usage"] is None
