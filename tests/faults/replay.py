"""Replay: lays what a client took beside what is stored, entry by entry, character by character."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence

from .evidence import Row, parts_of
from .histories import Taken


class Showing:
    """What a client shows of an answer whose text it knows beforehand: a prefix of it, always."""

    def __init__(self, expected: str) -> None:
        self.expected = expected
        self.length = 0
        self._types: list[str] = []

    def take(self, event: str, data: str) -> str:
        """Show one more event. What is wrong with that, or nothing."""
        match event:
            case "snapshot":
                parts = json.loads(data)["parts"]
                self._types = [part["type"] for part in parts]
                self.length = 0
                return self._append("".join(p["text"] for p in parts if p["type"] == "text"))
            case "part":
                part = json.loads(data)
                self._types.append(part["type"])
                return self._append(part.get("text", "")) if part["type"] == "text" else ""
            case "delta":
                delta = json.loads(data)
                if delta["index"] >= len(self._types):
                    return f"a delta for part {delta['index']} of {len(self._types)}"
                if self._types[delta["index"]] == "text":
                    return self._append(delta["text"])
        return ""

    def _append(self, text: str) -> str:
        if not self.expected.startswith(text, self.length):
            here = self.expected[self.length : self.length + 40]
            return f"at character {self.length} it shows {text[:40]!r} where {here!r} belongs"
        self.length += len(text)
        return ""


class Book:
    """A log, to be compared with what was read of it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._seqs = [row.seq for row in rows]

    def behind(self, after: int, until: int) -> Sequence[Row]:
        """The entries in ``(after, until]``."""
        return self.rows[bisect_right(self._seqs, after) : bisect_right(self._seqs, until)]

    def has(self, seq: int) -> bool:
        return bool(self.behind(seq - 1, seq))

    def contradicts(self, place: int, frame: Taken) -> str:
        """What is wrong with this frame for a reader that is at ``place``, or nothing."""
        if frame.event == "snapshot":
            return self._snapshot(frame)
        seq = frame.seq
        if seq <= place:
            return f"entry {seq} came again behind {place}"
        entries = self.behind(place, seq)
        if not entries or entries[-1].seq != seq:
            return f"entry {seq} ({frame.event}) is not stored"
        if frame.event != "delta":
            same = len(entries) == 1 and entries[0].name == frame.event
            if same and entries[0].data == frame.data:
                return ""
            names = [entry.name for entry in entries]
            return f"behind {place} came {frame.event} {seq}, and stored are {names}"
        return _merged(entries, frame)

    def _snapshot(self, frame: Taken) -> str:
        parts = json.loads(frame.data)["parts"]
        if frame.seq == 0:
            return "" if not parts else "a snapshot of nothing that holds something"
        if not self.has(frame.seq):
            return f"a snapshot at {frame.seq}, which is not stored"
        stored = [[part["type"], part["text"]] for part in parts_of(self.behind(0, frame.seq))]
        shown = [[part["type"], part["text"]] for part in parts]
        return "" if stored == shown else f"the snapshot at {frame.seq} is not the state there"


def _merged(entries: Sequence[Row], frame: Taken) -> str:
    if any(entry.name != "delta" for entry in entries):
        return f"delta {frame.seq} swallowed {[entry.name for entry in entries]}"
    deltas = [json.loads(entry.data) for entry in entries]
    shown = json.loads(frame.data)
    if {delta["index"] for delta in deltas} != {shown["index"]}:
        return f"delta {frame.seq} is of another part than what is stored"
    text = "".join(delta["text"] for delta in deltas)
    return "" if text == shown["text"] else f"delta {frame.seq} says otherwise than what is stored"
