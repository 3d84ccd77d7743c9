"""Bugs of reading: cursors, wake-ups, snapshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from streaming import follower
from streaming.events import Snapshot
from streaming.follower import Follower
from streaming.log.base import Entry
from streaming.node import node
from streaming.tails import Tail, Tails

from .marks import bug_of, wrap

Original = Callable[..., Any]


def plant() -> None:
    wrap(follower, "position", _repeats_at_the_cursor)
    wrap(follower, "position", _believes_foreign_cursors)
    wrap(follower, "snapshot", _snapshot_lacks_the_last)
    wrap(Tail, "extend", _loses_a_wake_up)
    wrap(Tails, "behind", _knows_no_poll)
    wrap(Tail, "after", _skips_an_entry)
    wrap(Tail, "extend", _mixes_up_answers)
    wrap(Follower, "close", _ends_when_readers_leave)


def _repeats_at_the_cursor(original: Original) -> Original:
    """``>=`` where ``>`` belongs."""

    def position(key: UUID, text: str) -> int | None:
        place: int | None = original(key, text)
        if place and place > 1 and bug_of(key) == "repeats_at_the_cursor":
            return place - 1
        return place

    return position


def _believes_foreign_cursors(original: Original) -> Original:
    def position(key: UUID, text: str) -> int | None:
        if bug_of(key) == "believes_foreign_cursors" and text.rpartition("-")[2].isdigit():
            return int(text.rpartition("-")[2])
        place: int | None = original(key, text)
        return place

    return position


def _snapshot_lacks_the_last(original: Original) -> Original:
    def snapshot(log: Any, generation_id: int) -> list[Entry]:
        entries: list[Entry] = original(log, generation_id)
        if not entries or bug_of(generation_id) != "snapshot_lacks_the_last":
            return entries
        state = entries[0].event
        assert isinstance(state, Snapshot)
        parts = tuple(replace(part, text=part.text[:-1]) for part in state.parts)
        return [Entry.of(entries[0].seq, Snapshot(parts, state.status))]

    return snapshot


def _loses_a_wake_up(original: Original) -> Original:
    """Nobody is woken by the last entry."""

    def extend(self: Tail, entries: Any) -> None:
        entries = list(entries)
        ending = bool(entries) and entries[-1].terminal
        if ending and bug_of(self.generation_id) == "loses_a_wake_up":
            return
        original(self, entries)

    return extend


def _knows_no_poll(original: Original) -> Original:
    def behind(self: Tails, *rest: Any) -> dict[int, int]:
        found: dict[int, int] = original(self, *rest)
        return {pk: seq for pk, seq in found.items() if bug_of(pk) != "loses_a_wake_up"}

    return behind


def _skips_an_entry(original: Original) -> Original:
    """The third entry is left out."""

    def after(self: Tail, seq: int) -> list[Entry] | None:
        found: list[Entry] | None = original(self, seq)
        if bug_of(self.generation_id) == "skips_an_entry" and found and found[-1].seq >= 3:
            found = [entry for entry in found if entry.seq != 3] or original(self, 3)
        return found

    return after


def _mixes_up_answers(original: Original) -> Original:
    """What was written last, whosever it was, goes to whoever reads."""
    last: list[Entry] = []

    def extend(self: Tail, entries: Any) -> None:
        entries = list(entries)
        if bug_of(self.generation_id) != "mixes_up_answers":
            last[:] = [entry for entry in entries if entry.name == "delta"] or last
        elif last:
            entries = [
                Entry(entry.seq, "delta", last[0].data) if entry.name == "delta" else entry
                for entry in entries
            ]
        original(self, entries)

    return extend


def _ends_when_readers_leave(original: Original) -> Original:
    def close(self: Follower) -> None:
        original(self)
        if bug_of(self._generation_id) == "ends_when_readers_leave" and not self.ended:
            node().runner.stop_soon(self._generation_id, uuid4())

    return close
