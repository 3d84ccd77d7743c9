"""Old state + events = new state, however the events were cut, merged or resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.accounts import Timings, Usage
from streaming.events import Delta, Done, Event, PartOpened, Snapshot, Started, decode
from streaming.fold import Fold, fold
from streaming.log.base import merge_events
from streaming.parts import Part

from .stories import stories

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "fold.json").read_text())
END = Done("stop", Usage(), Timings())


def state(events: list[Event]) -> tuple[str, list[Part], Event | None]:
    folded = fold(events)
    return folded.status, folded.parts, folded.terminal


@given(stories())
def test_it_is_the_same_for_merged_deltas(story: list[Event]) -> None:
    assert state(merge_events(story)) == state(story)


@given(stories(), st.data())
def test_it_is_the_same_after_any_cut_and_resume(story: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(story)))
    folded = fold(story[:cut])
    for event in story[cut:]:
        folded.apply(event)
    assert (folded.status, folded.parts, folded.terminal) == state(story)


@given(stories(), st.data())
def test_it_is_the_same_from_a_snapshot(story: list[Event], data: st.DataObject) -> None:
    cut = data.draw(
        st.integers(1, len(story) - (story[-1].terminal)) if len(story) > 1 else st.just(1)
    )
    before = fold(story[:cut])
    if before.terminal is not None:
        return
    folded = fold([Snapshot(tuple(before.parts), before.status)])
    for event in story[cut:]:
        folded.apply(event)
    assert (folded.status, folded.parts, folded.terminal) == state(story)


@given(stories())
def test_every_prefix_shows_a_prefix_of_the_text(story: list[Event]) -> None:
    final = [part.text for part in fold(story).parts]
    for cut in range(len(story)):
        shown = [part.text for part in fold(story[:cut]).parts]
        assert all(final[i].startswith(text) for i, text in enumerate(shown))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_it_reads_the_vectors_that_the_browser_reads(vector: dict[str, Any]) -> None:
    folded = Fold()
    for event in vector["events"]:
        data = event["data"]
        text = data if isinstance(data, str) else json.dumps(data)
        folded.apply(decode(event["event"], text))
    assert folded.status == vector["state"]["status"]
    assert [part.as_json() for part in folded.parts] == vector["state"]["parts"]


def test_nothing_follows_the_end() -> None:
    folded = fold([Started("m"), END])
    with pytest.raises(ValueError, match="after done"):
        folded.apply(Delta(0, "more"))


@pytest.mark.parametrize("index", [-1, 1, 7])
def test_a_delta_needs_its_part(index: int) -> None:
    folded = fold([Started("m"), PartOpened(0, Part("text"))])
    with pytest.raises(ValueError, match="delta for part"):
        folded.apply(Delta(index, "x"))


def test_parts_are_opened_in_order() -> None:
    with pytest.raises(ValueError, match="opened after"):
        fold([PartOpened(1, Part("text"))])
