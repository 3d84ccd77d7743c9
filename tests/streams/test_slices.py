"""What one reader is handed at a time is small, however fast the text came."""

from __future__ import annotations

from streaming.events import Delta
from streaming.log.base import SLICE, Entry, first_slice, merge_events
from streaming.tails import Tail


def test_a_group_commit_does_not_join_what_a_provider_had_to_cut() -> None:
    pieces = [Delta(0, "x" * 10_000) for _ in range(50)]
    merged = merge_events(pieces)
    assert all(isinstance(one, Delta) and len(one.text) <= SLICE for one in merged)
    assert sum(len(one.text) for one in merged if isinstance(one, Delta)) == 500_000


def test_it_joins_small_ones_as_far_as_it_may() -> None:
    merged = merge_events([Delta(0, "x")] * SLICE)
    assert len(merged) == 2


def test_a_tail_hands_over_a_slice_and_then_the_next() -> None:
    tail = Tail(1)
    entries = [Entry.of(seq, Delta(0, "x" * 10_000)) for seq in range(1, 60)]
    tail.extend(entries)
    read: list[Entry] = []
    while found := tail.after(len(read)):
        assert sum(len(entry.data) for entry in found) < 2 * SLICE
        read += found
    assert read == entries


def test_a_slice_has_at_least_one_entry() -> None:
    huge = [Entry.of(seq, Delta(0, "x" * 2 * SLICE)) for seq in (1, 2)]
    assert first_slice(huge) == huge[:1]
    assert first_slice([]) == []
