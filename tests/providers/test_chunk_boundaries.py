"""However the bytes of a stream are cut, they say the same."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Delta, PartOpened
from streaming.fold import Fold
from streaming.parts import Part
from streaming.providers.base import Finished, Output, UsageReported
from streaming.providers.chat_completions import ChatReader
from streaming.providers.failures import Service
from streaming.providers.message_stream import MessageReader
from streaming.providers.response_stream import ResponseReader
from streaming.providers.upstream import Reader
from streaming.sse import Decoder
from tests.simulator import Script
from tests.simulator.anthropic_wire import AnthropicWire
from tests.simulator.calls import Call
from tests.simulator.openai_wire import OpenAIWire
from tests.simulator.responses_wire import ResponsesWire
from tests.simulator.transmission import transmission

SERVICE = Service("Somebody", "somewhere", "", "")
SCRIPT = Script(tokens=12, reasoning=3, tools=1, alphabet="hostile", seed=11, usage="every")
WIRES = {
    "openai": (OpenAIWire, ChatReader),
    "anthropic": (AnthropicWire, MessageReader),
    "responses": (ResponsesWire, ResponseReader),
}


@cache
def transmitted(wire: str) -> bytes:
    body = {"messages": [], "input": [{}], "stream_options": {"include_usage": True}}
    call = Call(1, 1, wire, "POST", "/", {}, True, body)
    plan = transmission(SCRIPT, WIRES[wire][0](SCRIPT, "model", body, 1), call, "")
    return b"".join(step for step in plan if isinstance(step, bytes))


def read(wire: str, chunks: list[bytes]) -> tuple[list[Part], list[Output]]:
    """The parts, and the account and end."""
    decoder, reader, fold = Decoder(), new_reader(wire), Fold()
    ends: list[Output] = []
    for chunk in chunks:
        out: list[Output] = []
        reader.read(decoder.feed(chunk), out)
        for output in out:
            if isinstance(output, (PartOpened, Delta)):
                fold.apply(output)
            else:
                ends.append(output)
    return fold.parts, ends


def new_reader(wire: str) -> Reader:
    return WIRES[wire][1](SERVICE, "model")


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_cut_in_two_at_any_byte_says_the_same(wire: str) -> None:
    data = transmitted(wire)
    whole = read(wire, [data])
    assert whole[0][1].text == SCRIPT.text()
    assert [type(output) for output in whole[1]] == [UsageReported, Finished]
    for at in range(len(data)):
        assert read(wire, [data[:at], data[at:]]) == whole


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_cut_at_every_byte_says_the_same(wire: str) -> None:
    data = transmitted(wire)
    pieces = [data[i : i + 1] for i in range(len(data))]
    assert read(wire, pieces) == read(wire, [data])


@pytest.mark.parametrize("wire", WIRES)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=30))
def test_a_stream_cut_anywhere_says_the_same(wire: str, cuts: list[int]) -> None:
    data = transmitted(wire)
    places = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places)]
    assert read(wire, pieces) == read(wire, [data])


@pytest.mark.parametrize("wire", WIRES)
def test_a_beginning_of_a_stream_says_a_beginning(wire: str) -> None:
    data = transmitted(wire)
    whole, _ = read(wire, [data])
    for at in range(0, len(data), 17):
        parts, ends = read(wire, [data[:at]])
        assert all(ours.text == theirs.text[: len(ours.text)] for ours, theirs in zip(
            parts, whole, strict=False))  # fmt: skip
        if at < len(data) - 20:
            assert not any(isinstance(output, Finished) for output in ends)
