"""Hypothesis strategies: any text, and any history that an answer can have."""

from __future__ import annotations

from hypothesis import strategies as st

from streaming.accounts import Timings, Usage
from streaming.events import (
    Delta,
    Done,
    Event,
    Failed,
    Incomplete,
    PartOpened,
    Started,
    Stopped,
    Waiting,
)  # fmt: skip
from streaming.parts import Part

#: What breaks frames, lines and naive decoders, beside any other code point.
HOSTILE = [
    "\r", "\n", "\r\n", "\0", "\u2028", "\u2029", "\ufeff", "data: x", "\n\nevent: done\n\n",
    "id: 1", ":", "{", "}", '"', "\\", "👩‍👩‍👧‍👦", "🏳️‍🌈", "e\u0301",
    "\u202e", "</script>", "\ufffd",
]  # fmt: skip

texts = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=8).map("".join)
numbers = st.integers(min_value=0, max_value=10**9)
usages = st.builds(Usage, numbers, numbers, st.none() | numbers, st.none() | numbers, st.booleans())
timings = st.builds(Timings, numbers, st.none() | numbers, numbers, st.none() | st.just(1.5))
parts = st.builds(
    Part,
    type=st.sampled_from(["text", "reasoning", "refusal", "tool_call", "tool_result"]),
    text=texts,
    name=st.sampled_from(["", "search"]),
    call=st.sampled_from(["", "call_1"]),
)
endings = st.one_of(
    st.builds(Done, st.just("stop"), usages, timings),
    st.builds(Stopped, st.just("receipt"), usages, timings),
    st.builds(Incomplete, st.just("length"), usages, timings),
    st.builds(Failed, st.just("quota"), texts, st.booleans(), timings),
)


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Every event of an answer, in an order that can happen."""
    events: list[Event] = [Started("demo/tour", 1, {"message_id": "m", "conversation_id": "c"})]
    count = 0
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["part", "delta", "delta", "delta", "waiting", "again"]))
        if kind == "part" or (kind == "delta" and count == 0):
            events.append(PartOpened(count, draw(parts)))
            count += 1
        elif kind == "delta":
            events.append(Delta(draw(st.integers(0, count - 1)), draw(texts)))
        elif kind == "waiting":
            events.append(Waiting("overloaded", draw(numbers)))
        else:
            events.append(Started("demo/tour", 2))
    if draw(st.booleans()):
        events.append(draw(endings))
    return events
