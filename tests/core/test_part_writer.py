"""Fragments of text become parts and deltas, whatever they were cut out of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Delta, PartOpened
from streaming.fold import Fold
from streaming.parts import Part
from streaming.providers.base import LONGEST_DELTA, Output, PartWriter

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)


def written(*fragments: tuple[str, str] | tuple[str, str, str]) -> list[Output]:
    """What comes of ``(type, text)`` or ``(type, text, key)``, up to the end."""
    writer, out = PartWriter(), list[Output]()
    for type, text, *key in fragments:
        writer.write(out, type, text, key=key[0] if key else "")
    writer.flush(out)
    return out


def folded(out: list[Output]) -> list[Part]:
    fold = Fold()
    for event in out:
        assert isinstance(event, (PartOpened, Delta))
        fold.apply(event)
    return fold.parts


def test_it_opens_a_part_where_the_type_changes() -> None:
    out = written(("reasoning", "a"), ("reasoning", "b"), ("text", "c"), ("reasoning", "d"))
    assert folded(out) == [Part("reasoning", "ab"), Part("text", "c"), Part("reasoning", "d")]


def test_it_keeps_tool_calls_open_that_come_by_turns() -> None:
    out = written(
        ("tool_call", "{", "1"), ("tool_call", "[", "2"), ("tool_call", "}", "1"),
        ("text", "x"), ("tool_call", "]", "2"),
    )  # fmt: skip
    assert [part.text for part in folded(out)] == ["{}", "[]", "x"]


def test_it_keeps_a_tools_name_and_id() -> None:
    writer, out = PartWriter(), list[Output]()
    writer.write(out, "tool_call", "", key="0", name="search", call="call_1")
    assert out == [PartOpened(0, Part("tool_call", name="search", call="call_1"))]


def test_it_opens_a_part_without_an_empty_delta() -> None:
    assert written(("text", ""), ("text", "a"), ("text", "")) == [
        PartOpened(0, Part("text")),
        Delta(0, "a"),
    ]


def test_it_joins_a_surrogate_pair_that_was_cut_in_two() -> None:
    out = written(("text", "a\ud83d"), ("text", "\ude00b"))
    assert out == [PartOpened(0, Part("text")), Delta(0, "a"), Delta(0, "😀b")]


def test_it_gives_up_on_a_half_that_stays_alone() -> None:
    assert folded(written(("text", "a\ud83d"), ("text", "b")))[0].text == "a\ufffdb"
    assert folded(written(("text", "\ude00b")))[0].text == "\ufffdb"
    assert folded(written(("text", "a\ud83d"), ("reasoning", "\ude00")))[0].text == "a\ufffd"
    assert folded(written(("text", "a\ud83d")))[0].text == "a\ufffd"


def test_it_does_not_join_halves_of_different_parts() -> None:
    parts = folded(written(("text", "a\ud83d"), ("tool_call", "{}", "1"), ("text", "\ude00b")))
    assert [part.text for part in parts] == ["a\ufffd", "{}", "\ufffdb"]


def test_it_waits_for_the_other_half_over_an_empty_fragment() -> None:
    assert folded(written(("text", "\ud83d"), ("text", ""), ("text", "\ude00")))[0].text == "😀"


def test_it_cuts_long_text_into_deltas_that_are_small_enough() -> None:
    text = "😀" * (LONGEST_DELTA * 2 + 1)
    out = written(("text", text))
    assert folded(out)[0].text == text
    assert [len(delta.text) for delta in out if isinstance(delta, Delta)] == [
        *(LONGEST_DELTA, LONGEST_DELTA, 1)
    ]


@given(st.lists(ANY_TEXT, max_size=12))
def test_it_writes_any_text_as_it_is_however_it_was_cut(fragments: list[str]) -> None:
    out = written(*(("text", fragment) for fragment in fragments))
    whole = "".join(fragments).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert "".join(part.text for part in folded(out)) == whole
    for event in out:
        if isinstance(event, Delta):
            event.text.encode()  # no half is left


@given(st.lists(st.tuples(st.sampled_from(["text", "reasoning"]), ANY_TEXT), max_size=12))
def test_it_never_writes_half_a_code_point(fragments: list[tuple[str, str]]) -> None:
    for part in folded(written(*fragments)):
        part.text.encode()
