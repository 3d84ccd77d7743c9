"""What a reader may rely on, read off a run: P1 to P4, P13 and P14 (docs/promises.md).

Pure functions from a :class:`~.evidence.Run` to what is wrong with it, in words; nothing when all
is well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from .evidence import Run, parts_of
from .histories import TERMINAL, History, Opened, Refused, Taken
from .replay import Book, Showing

#: What a call may be answered with: all, nothing new, too fast, about to close.
FINE = frozenset({200, 204, 429, 503})

Words = Iterator[str]


def prefix(run: Run) -> Words:
    """P1: whatever is shown is a prefix of the answer, at every instant; so is what is stored."""
    for history in run.histories:
        showing = Showing(run.expected)
        for frame in history.frames:
            if wrong := showing.take(frame.event, frame.data):
                yield f"{history.client}: {wrong}"
                break
    if run.stored is not None and not run.expected.startswith(run.stored.text):
        yield "what is stored is no prefix of the answer"


def durable(run: Run) -> Words:
    """P2: every byte that a dead process had sent is in the database it left behind."""
    for autopsy in run.autopsies:
        left = autopsy.stored.get(run.stored.message_id) if run.stored else None
        last = left.rows[-1].seq if left and left.rows else 0
        for history in run.histories:
            seen = max((f.seq for f in history.frames if f.life == autopsy.life), default=0)
            if seen > last:
                yield f"{history.client} saw entry {seen} of {autopsy.life}, which left {last}"
        if left and run.stored and tuple(run.stored.rows[: len(left.rows)]) != tuple(left.rows):
            yield f"what {autopsy.life} left behind was changed later"


def exactly_once(run: Run) -> Words:
    """P3: each event once, in order, without a gap, over any number of connections."""
    if run.stored is None:
        return
    book = Book(run.stored.rows)
    for history in run.histories:
        place = 0
        for frame in history.frames:
            if wrong := book.contradicts(place, frame):
                yield f"{history.client}: {wrong}"
                break
            place = frame.seq


def final(run: Run) -> Words:
    """P4: one terminal event, the last; state and text say the same as it, for everybody."""
    stored = run.stored
    if stored is None:
        return
    ends = [row for row in stored.rows if row.name in TERMINAL]
    if len(ends) > 1:
        yield f"{len(ends)} terminal events: {[row.name for row in ends]}"
    if not ends:
        return
    if stored.rows[-1] != ends[0]:
        yield f"{stored.rows[-1].name} was written behind {ends[0].name}"
    if (stored.state, stored.last_seq) != (ends[0].name, ends[0].seq):
        yield f"the row says {stored.state} at {stored.last_seq}, the log {ends[0].name}"
    if stored.parts is not None and list(stored.parts) != parts_of(stored.rows):
        yield "the message says otherwise than its log"
    for history in run.histories:
        if (end := history.ended) and (end.event, end.data) != (ends[0].name, ends[0].data):
            yield f"{history.client} was told another end: {end.event}"


def no_window(run: Run) -> Words:
    """P13: any cursor works: what follows is the rest, or a snapshot; never an error or silence."""
    for history in run.histories:
        for moment in history.moments:
            if type(moment) is Opened and moment.after is not None and moment.status not in FINE:
                yield f"{history.client} got {moment.status} for the cursor {moment.after!r}"
        first = next(history.frames, None)
        if first is not None and first.event not in ("started", "snapshot"):
            yield f"{history.client}, who had nothing, was handed {first.event} {first.seq} first"


def isolated(run: Run) -> Words:
    """P14: who may not see it learns nothing, not even that it is there."""
    for history in run.histories:
        for moment in history.moments:
            if type(moment) is Refused and moment.status not in (404, 503):
                yield f"{history.client} got {moment.status} for an answer of somebody else"
        for frame in history.frames:
            if frame.event == "started" and not _names(frame, history):
                yield f"{history.client} was handed the start of another answer"


def _names(frame: Taken, history: History) -> bool:
    return not history.message_id or bool(
        json.loads(frame.data).get("message_id") == history.message_id
    )
