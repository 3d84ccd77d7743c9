"""The cursor of a response: from every event on, what is read is exactly what was left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.accounts import Usage
from streaming.events import Delta, PartOpened
from streaming.fold import Fold
from streaming.parts import Part
from streaming.providers.base import Finished, Output, ProviderError, Resumable, UsageReported
from streaming.providers.failures import Service
from streaming.providers.response_stream import Cursor, ResponseReader
from streaming.sse import Decoder, Frame
from tests.simulator import Script
from tests.simulator.calls import Call
from tests.simulator.responses_wire import ResponsesWire
from tests.simulator.transmission import transmission

SERVICE = Service("Somebody", "somewhere", "", "")
SCRIPT = Script(tokens=40, reasoning=5, refusal=3, tools=2, alphabet="hostile", seed=11)


@cache
def frames(script: Script = SCRIPT) -> list[Frame]:
    body = {"input": [{}], "background": True}
    call = Call(1, 1, "responses", "POST", "/", {}, True, body)
    plan = transmission(script, ResponsesWire(script, "model", body, 1), call, "")
    return Decoder().feed(b"".join(step for step in plan if isinstance(step, bytes)))


def event(type: str, number: int | None = None, **fields: Any) -> Frame:
    about = {} if number is None else {"sequence_number": number}
    return Frame(json.dumps({"type": type, **about, **fields}))


CREATED = event("response.created", 0, response={"id": "resp_1", "background": True})


def said(text: str, number: int | None) -> Frame:
    return event("response.output_text.delta", number, output_index=0, content_index=0, delta=text)


def read(given: Sequence[Frame], at: Cursor | None = None, each: int = 1) -> list[Output]:
    """What a reader makes of the frames, handed over ``each`` at a time."""
    reader, out = ResponseReader(SERVICE, "model", at), list[Output]()
    for start in range(0, len(given), each):
        reader.read(given[start : start + each], out)
    return out


def folded(outputs: Sequence[Output]) -> list[Part]:
    fold = Fold()
    for output in outputs:
        if isinstance(output, (PartOpened, Delta)):
            fold.apply(output)
    return fold.parts


def cursor_of(outputs: Sequence[Output]) -> Cursor | None:
    """The last one, if nothing came behind it."""
    last = outputs[-1]
    return Cursor.from_text(last.cursor) if isinstance(last, Resumable) else None


@pytest.mark.parametrize("starts_over", [False, True])
@given(data=st.data(), each=st.integers(1, 50))
def test_from_every_event_on_it_reads_what_was_left(
    starts_over: bool, data: st.DataObject, each: int
) -> None:
    """Also from a server that sends everything again."""
    everything = frames()
    at = data.draw(st.integers(1, len(everything) - 1))
    before = read(everything[:at], each=each)
    cursor = cursor_of(before)
    assert cursor is not None
    assert cursor.after == at - 1
    after = read(everything if starts_over else everything[at:], cursor, each)
    assert folded([*before, *after]) == folded(read(everything))
    assert after[-1] == Finished("tool_calls")


def test_no_cursor_lags_behind_what_was_given() -> None:
    reader = ResponseReader(SERVICE, "model")
    for frame in frames()[:-1]:
        out: list[Output] = []
        reader.read([frame], out)
        cursor = cursor_of(out)
        assert cursor is not None
        assert cursor.after == json.loads(frame.data)["sequence_number"]


@given(
    st.builds(
        Cursor,
        response=st.text(),
        after=st.integers(0),
        parts=st.integers(0),
        type=st.text(),
        place=st.text(),
        half=st.sampled_from(["", "\ud83d"]),
        kind=st.text(),
    )
)
def test_a_cursor_travels_as_ascii(cursor: Cursor) -> None:
    assert cursor.text().isascii()
    assert Cursor.from_text(cursor.text()) == cursor


@pytest.mark.parametrize("number", [None, 0])
def test_text_without_a_number_of_its_own_cannot_be_gone_on_with(number: int | None) -> None:
    outputs = read([CREATED, said("a", number), said("b", number)])
    assert folded(outputs) == [Part("text", "ab")]
    assert cursor_of(outputs) is None


def test_there_is_no_cursor_for_a_response_that_ends_with_its_connection() -> None:
    for response in ({"id": "resp_1"}, {"id": "resp_1", "background": False}, {"background": True}):
        outputs = read([event("response.created", 0, response=response), said("a", 1)])
        assert not any(isinstance(output, Resumable) for output in outputs)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (event("error", 2, code="server_error", message="no", param=None), "server_error"),
        (event("error", 2, error={"code": "rate_limit_exceeded"}), "rate_limited"),
        (event("error", 2), "server_error"),
        (Frame('{"error": {"code": "rate_limit_exceeded"}}'), "rate_limited"),
        (event("response.failed", 2, response={"error": {"code": "server_error"}}), "server_error"),
        (event("response.failed", 2, response={"error": {"code": "bio_policy"}}), "bad_request"),
        (event("response.failed", 2, response={"error": None}), "server_error"),
        (event("response.failed", 2), "server_error"),
        (event("response.cancelled", 2, response={"status": "cancelled"}), "server_error"),
    ],
)
def test_a_failure_takes_the_cursor_away_and_leaves_the_text(frame: Frame, code: str) -> None:
    reader, out = ResponseReader(SERVICE, "model"), list[Output]()
    reader.read([CREATED], out)
    with pytest.raises(ProviderError) as caught:
        reader.read([said("a", 1), frame], out)
    assert caught.value.code == code
    assert folded(out) == [Part("text", "a")]
    assert cursor_of(out) is None
    reader.end(out)
    assert not any(isinstance(output, Finished) for output in out)


@pytest.mark.parametrize("between", [[], [event("response.output_text.done", 2)]])
def test_a_call_of_which_only_the_failure_is_left_is_lost(between: list[Frame]) -> None:
    cursor = cursor_of(read([CREATED, said("a", 1)]))
    failure = event("error", 3, code="server_error")
    with pytest.raises(ProviderError) as caught:
        read([*between, failure], cursor, each=2)
    assert caught.value.code == "cursor_lost"
    with pytest.raises(ProviderError) as caught:
        read([said("b", 2), failure], cursor)
    assert caught.value.code == "server_error"


def test_what_a_failed_answer_cost_is_counted() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4}
    failed = event("response.failed", 1, response={"error": None, "usage": usage})
    reader, out = ResponseReader(SERVICE, "model"), list[Output]()
    with pytest.raises(ProviderError):
        reader.read([CREATED, failed], out)
    assert UsageReported(Usage(input_tokens=3, output_tokens=4)) in out


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"status": "incomplete", "incomplete_details": None}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "steered"),
        ({"status": "completed"}, "stop"),
        ({}, "stop"),
    ],
)
def test_it_names_the_end(response: dict[str, Any], reason: str) -> None:
    outputs = read([CREATED, event("response.completed", 1, response=response)])
    assert outputs[-1] == Finished(reason)


def test_it_reads_both_kinds_of_reasoning_and_keeps_their_paragraphs_apart() -> None:
    frames = [
        event(f"response.{kind}.delta", number, output_index=0, delta=text, **{index: place})
        for number, (kind, index, place, text) in enumerate(
            [
                ("reasoning_summary_text", "summary_index", 0, "a"),
                ("reasoning_summary_text", "summary_index", 0, "b"),
                ("reasoning_summary_text", "summary_index", 1, "c"),
                ("reasoning_text", "content_index", 0, "d"),
            ]
        )
    ]
    expected = [Part("reasoning", "ab"), Part("reasoning", "c"), Part("reasoning", "d")]
    assert folded(read(frames)) == expected
