"""Events, prompts and cursors survive being written down."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.cursors import cursor, position
from streaming.events import Event, decode
from streaming.parts import Part, visible_text
from streaming.prompt import Prompt, Turn

from .stories import parts, stories, texts

KEY = UUID("01936f2e-0000-7000-8000-0123456789ab")
OTHER = UUID("01936f2e-0000-7000-8000-0123456789ac")


@given(stories())
def test_any_event_survives_its_json(story: list[Event]) -> None:
    for event in story:
        line = event.json()
        assert decode(event.name, line) == event
        assert not set(line) & set("\r\n\0")


@given(st.lists(parts), texts, texts)
def test_any_prompt_survives_its_json(some: list[Part], text: str, system: str) -> None:
    prompt = Prompt(
        model="openai/gpt",
        turns=(Turn("user", (Part("text", text),)), Turn("assistant", tuple(some))),
        system=system,
        options={"temperature": 0.5, "stop": ["x"]},
        partial=tuple(some),
    )
    assert Prompt.from_json(prompt.json()) == prompt


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(KeyError):
        decode("exploded", "{}")


@given(st.integers(0, 10**9))
def test_a_cursor_is_a_position_in_its_own_log_alone(seq: int) -> None:
    assert position(KEY, cursor(KEY, seq)) == seq
    assert position(OTHER, cursor(KEY, seq)) is None


@pytest.mark.parametrize(
    "text",
    ["x", "-1", "0123456789ab", "0123456789ab-", "0123456789ab--1", "0123456789ab-01",
     "0123456789ab-1 ", " 0123456789ab-1", "0123456789AB-1", "0123456789ab-١",
     "0123456789ab-" + "9" * 40, "0123456789ab-1\n", "\0", "💥"],
)  # fmt: skip
def test_a_malformed_cursor_is_none(text: str) -> None:
    assert position(KEY, text) is None


def test_no_cursor_is_the_start() -> None:
    assert position(KEY, "") == 0


def test_visible_text_leaves_reasoning_and_tools_out() -> None:
    some = [Part("reasoning", "hm"), Part("text", "a"), Part("tool_call", "{}"), Part("text", "b")]
    assert visible_text(some) == "a\n\nb"


def test_json_of_a_part_says_only_what_is_there() -> None:
    assert json.dumps(Part("text", "x").as_json()) == '{"type": "text", "text": "x"}'
