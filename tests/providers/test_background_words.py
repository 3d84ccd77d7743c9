"""What a provider says beside its text can be written down, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streaming.events import Delta, PartOpened
from streaming.providers.base import Finished, Output, ProviderError
from streaming.providers.chat_completions import ChatReader
from streaming.providers.failures import Service
from streaming.providers.message_stream import MessageReader
from streaming.providers.response_stream import ResponseReader
from streaming.providers.upstream import Reader
from streaming.sse import Frame

SERVICE = Service("Somebody", "somewhere", "", "")
HALF = "a\ud83d"


def read(reader: Reader, *events: dict[str, Any]) -> list[Output]:
    out: list[Output] = []
    reader.read([Frame(json.dumps(event)) for event in events], out)
    return out


def incomplete() -> list[Output]:
    response = {"status": "incomplete", "incomplete_details": {"reason": HALF}}
    event = {"type": "response.incomplete", "response": response}
    return read(ResponseReader(SERVICE, "x"), event)


def chunk() -> list[Output]:
    chunk = {"choices": [{"index": 0, "delta": {}, "finish_reason": HALF}]}
    reader = ChatReader(SERVICE, "x")
    out = read(reader, chunk)
    reader.read([Frame("[DONE]")], out)
    return out


def message() -> list[Output]:
    delta = {"type": "message_delta", "delta": {"stop_reason": HALF}, "usage": {}}
    return read(MessageReader(SERVICE, "x"), delta, {"type": "message_stop"})


@pytest.mark.parametrize("wire", [incomplete, chunk, message])
def test_half_a_character_in_the_reason_of_an_end(wire: Any) -> None:
    assert wire()[-1] == Finished("a\ufffd")


def test_half_a_character_in_a_failure() -> None:
    event = {"type": "error", "code": "invalid_prompt", "message": HALF}
    with pytest.raises(ProviderError) as caught:
        read(ResponseReader(SERVICE, "x"), event)
    assert caught.value.message.encode()


def test_half_a_character_in_a_tool_s_name_but_not_in_what_it_is_given() -> None:
    item = {"type": "function_call", "name": HALF, "call_id": HALF, "arguments": HALF}
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    rest = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "\ude00"}
    opened, *deltas = read(ResponseReader(SERVICE, "x"), added, rest)
    assert isinstance(opened, PartOpened)
    assert (opened.part.name, opened.part.call) == ("a\ufffd", "a\ufffd")
    assert "".join(delta.text for delta in deltas if isinstance(delta, Delta)) == "a😀"
