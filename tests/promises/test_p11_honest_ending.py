"""P11: ``done`` only on the provider's own end marker; a clean end of file is not one."""

from __future__ import annotations

import pytest

from tests.api.sites import ANTHROPIC, MODELS, OPENAI, Somebody, cut_off
from tests.client import Reader
from tests.simulator import Script, Simulator


def ended(alice: Somebody, model: str, script: Script) -> Reader:
    conversation = alice.conversation(model=model)
    stream = alice.ask(conversation, f"hi {script}")
    reader = stream.into(Reader())
    assert reader.ended
    message = alice.message(stream.message_id)
    assert message["status"] == reader.fold.status
    assert "".join(part["text"] for part in message["parts"]) == reader.text
    return reader


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["eof", "cut", "reset", "error"])
def test_an_answer_that_is_cut_off_for_good_is_incomplete(
    alice: Somebody, simulator: Simulator, model: str, fault: str
) -> None:
    script = Script(id=f"{fault} {alice.username}", tokens=300, fault=fault, at=10)
    reader = ended(alice, model, script)
    assert reader.fold.status == "incomplete"
    assert script.text().startswith(reader.text)
    assert reader.text.startswith(script.text(10))
    assert len(simulator.calls(script=script.id)) == 3
    assert [frame.event for frame in reader.frames].count("started") == 3
    assert reader.fold.terminal is not None
    assert reader.fold.terminal.data()["reason"] == "upstream_lost"
    assert reader.fold.terminal.data()["usage"]["exact"] is False


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["eof", "cut", "reset", "error"])
def test_one_that_is_cut_off_once_is_whole(alice: Somebody, model: str, fault: str) -> None:
    script = Script(id=f"once {fault} {alice.username}", tokens=30, fault=fault, at=10, times=1)
    reader = ended(alice, model, script)
    assert (reader.fold.status, reader.text) == ("done", script.text())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["eof", "cut", "reset", "error", "drop"])
def test_one_that_never_began_is_tried_again(
    alice: Somebody, simulator: Simulator, model: str, fault: str
) -> None:
    script = Script(id=f"{fault} {model} {alice.username}", fault=fault, at=0, times=1)
    reader = ended(alice, model, script)
    assert (reader.fold.status, reader.text) == ("done", script.text())
    assert "waiting" in [frame.event for frame in reader.frames]
    assert len(simulator.calls(script=script.id)) == 2


@pytest.mark.parametrize(
    ("model", "finish", "reason"),
    [
        (OPENAI, "length", "length"),
        (ANTHROPIC, "max_tokens", "length"),
        (OPENAI, "content_filter", "content_filter"),
    ],
)
def test_a_truncated_answer_says_so(alice: Somebody, model: str, finish: str, reason: str) -> None:
    script = Script(tokens=20, finish=finish)
    reader = ended(alice, model, script)
    assert reader.fold.status == "incomplete"
    assert reader.text == script.text()
    assert reader.fold.terminal is not None
    assert reader.fold.terminal.data()["reason"] == reason
    assert reader.fold.terminal.data()["usage"]["exact"] is True


@pytest.mark.parametrize(("model", "status"), [(OPENAI, "done"), (ANTHROPIC, "incomplete")])
def test_the_end_marker_is_the_vendors_own(alice: Somebody, model: str, status: str) -> None:
    """One vendor ends with its finish reason, the other with a closing event after it."""
    script = cut_off(20, "no_stop", id=f"no stop {alice.username}")
    reader = ended(alice, model, script)
    assert (reader.fold.status, reader.text) == (status, script.text())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["malformed", "not_an_object", "invalid_utf8", "unknown"])
def test_a_strange_stream_ends_as_it_should(alice: Somebody, model: str, fault: str) -> None:
    """What cannot be understood is passed over, or ends the answer; it is never its end."""
    script = cut_off(10, fault, id=f"{fault} {alice.username}", tokens=30)
    reader = ended(alice, model, script)
    if reader.fold.status == "done":
        assert reader.text.startswith(script.text(10))
        assert reader.text.endswith(script.text()[len(script.text(10)) :])
    else:
        assert reader.fold.status == "incomplete"
        assert reader.text == script.text(10)
