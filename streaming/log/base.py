"""What a log is: the events of generations, in order, durable before anyone sees them."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..events import Delta, Event, decode
from ..parts import Part

#: How much one read hands over, in characters of data: what a slow reader may cost.
SLICE = 32_768
#: Who writes had better wait while more than this waits for a commit; an event costs as much
#: memory as so many characters beside its text.
MAX_BACKLOG = 1_000_000
EVENT_SIZE = 100


class Fenced(Exception):
    """Somebody else holds the generation now, or it is gone: nothing more may be written."""


class Unavailable(Exception):
    """The storage does not answer just now; the same call may succeed a little later."""


class Merged(Exception):
    """There is no such place in the log (any more): its entry went into a later one."""


@dataclass(slots=True, eq=False)
class Claim:
    """The right to append to one generation's log, until a higher epoch is claimed."""

    generation_id: int
    key: UUID
    epoch: int
    #: The last committed entry.
    seq: int = 0


class Entry:
    """One committed event. Decoded only when somebody asks what it says."""

    __slots__ = ("_event", "data", "name", "seq")

    def __init__(self, seq: int, name: str, data: str, event: Event | None = None) -> None:
        self.seq = seq
        self.name = name
        #: The event's data, one line of JSON.
        self.data = data
        self._event = event

    @classmethod
    def of(cls, seq: int, event: Event) -> Entry:
        return cls(seq, event.name, event.json(), event)

    @property
    def event(self) -> Event:
        if self._event is None:
            self._event = decode(self.name, self.data)
        return self._event

    @property
    def terminal(self) -> bool:
        return self.name in TERMINAL

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and (self.seq, self.name, self.data) == (
            other.seq,
            other.name,
            other.data,
        )

    def __hash__(self) -> int:
        return hash((self.seq, self.name))

    def __repr__(self) -> str:
        return f"Entry({self.seq}, {self.name!r}, {self.data!r})"


TERMINAL = frozenset({"done", "stopped", "incomplete", "failed"})


def merge_events(events: Iterable[Event]) -> list[Event]:
    """The same story with neighbouring deltas of one part joined, to at most half a slice."""
    merged: list[Event] = []
    texts: list[str] = []
    index = -1
    size = 0
    for event in events:
        if type(event) is Delta:
            size += len(event.text)
            if texts and event.index == index and size <= SLICE // 2:
                texts.append(event.text)
                continue
            _close(merged, index, texts)
            index, texts, size = event.index, [event.text], len(event.text)
        else:
            _close(merged, index, texts)
            texts = []
            merged.append(event)
    _close(merged, index, texts)
    return merged


def _close(merged: list[Event], index: int, texts: list[str]) -> None:
    if texts:
        merged.append(Delta(index, "".join(texts)))


def merge_entries(entries: Sequence[Entry]) -> list[Entry]:
    """As :func:`merge_events`; a merged entry has the seq of its last one, and at most about
    :data:`SLICE` characters."""
    if len(entries) < 2:
        return list(entries)
    merged: list[Entry] = []
    run: list[Entry] = []
    size = 0
    for entry in entries:
        if run and (not _continues(run[-1], entry) or size > SLICE):
            merged.append(_join(run))
            run, size = [], 0
        if entry.name == Delta.name:
            run.append(entry)
            size += len(entry.data)
        else:
            merged.append(entry)
    if run:
        merged.append(_join(run))
    return merged


def first_slice(entries: list[Entry]) -> list[Entry]:
    """The first ones, with about :data:`SLICE` characters of data; at least one."""
    size = 0
    for count, entry in enumerate(entries, 1):
        size += len(entry.data)
        if size >= SLICE:
            return entries[:count]
    return entries


def _delta(entry: Entry) -> Delta:
    assert isinstance(entry.event, Delta)
    return entry.event


def _continues(before: Entry, entry: Entry) -> bool:
    return entry.name == Delta.name and _delta(entry).index == _delta(before).index


def _join(run: list[Entry]) -> Entry:
    if len(run) == 1:
        return run[0]
    text = "".join([_delta(entry).text for entry in run])
    return Entry.of(run[-1].seq, Delta(_delta(run[0]).index, text))


class Watcher:
    """Who is told what a log did. Every call comes on the event loop, in order."""

    def committed(self, claim: Claim, entries: list[Entry]) -> None:
        """These are durable now."""

    def fenced(self, claim: Claim) -> None:
        """The claim is lost; nothing that was appended since the last commit was written."""

    def stop_requested(self, claim: Claim, receipt: UUID) -> None:
        """Somebody asked, perhaps on another node, that this generation stop."""


class Batch:
    """What came in for one claim since the last commit."""

    __slots__ = ("claim", "entries", "events", "fenced", "future", "parts", "resume", "size")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.events: list[Event] = []
        self.size = 0
        self.entries: list[Entry] = []
        self.fenced = False
        self.resume: str | None = None
        self.parts: Sequence[Part] | None = None
        self.future: asyncio.Future[None] | None = None

    def add(
        self,
        events: Iterable[Event],
        resume: str | None = None,
        parts: Sequence[Part] | None = None,
    ) -> None:
        if resume is not None:
            self.resume = resume
        self.parts = parts
        for event in events:
            self.events.append(event)
            self.size += EVENT_SIZE + len(event.text) if type(event) is Delta else EVENT_SIZE

    def number(self) -> list[Entry]:
        """Merge the events and give them their places; repeatable until committed."""
        start = self.claim.seq + 1
        self.entries = [
            Entry.of(seq, event) for seq, event in enumerate(merge_events(self.events), start)
        ]
        return self.entries

    def resolve(self) -> None:
        """Tell whoever waits for this batch how it went."""
        if self.future is None or self.future.done():
            return
        if self.fenced:
            self.future.set_exception(Fenced(str(self.claim.key)))
        else:
            self.future.set_result(None)


class Log(abc.ABC):
    """A place that keeps events. Used from one event loop; ``read`` from any thread."""

    watcher: Watcher = Watcher()

    @abc.abstractmethod
    def append(
        self,
        claim: Claim,
        events: Sequence[Event],
        *,
        resume: str | None = None,
        parts: Sequence[Part] | None = None,
    ) -> None:
        """Hand events over for the next commit, at least one. Never waits; order is kept.

        A terminal event closes the generation, in the same commit; nothing may follow it, and
        ``parts`` are what the whole log tells then, if they are at hand. ``resume`` is kept in
        the same commit too, for whoever goes on behind these events.
        """

    @abc.abstractmethod
    async def flushed(self, claim: Claim) -> None:
        """Wait until all that was appended is durable. Raises :class:`Fenced`."""

    @abc.abstractmethod
    def backlog(self, claim: Claim) -> int:
        """About how many bytes wait for a commit."""

    def is_behind(self, claim: Claim) -> bool:
        """Whether so much waits for a commit that who writes had better wait too."""
        return self.backlog(claim) > MAX_BACKLOG

    @abc.abstractmethod
    def read(self, generation_id: int, after: int, limit: int = SLICE) -> list[Entry]:
        """Committed entries behind ``after``, at least one if there is one, about ``limit``
        characters of data. May wait for a disk: not for the event loop.

        Raises :class:`Merged` when no entry has exactly this seq (0 is before the first one),
        and :class:`Unavailable`.
        """

    def open(self, claim: Claim) -> None:
        """This process works on the claim from now on: renew its lease, watch for stops."""

    def close(self, claim: Claim) -> None:
        """It no longer does."""

    async def start(self) -> None:
        """Begin to write, on the running event loop."""

    async def stop(self) -> None:
        """Write what is there, then write no more."""


class Story:
    """All entries of a log behind ``after``, slice by slice."""

    def __init__(self, log: Log, generation_id: int, after: int = 0) -> None:
        self._read: Callable[[int], list[Entry]] = lambda seq: log.read(generation_id, seq)
        self._after = after

    def __iter__(self) -> Any:
        while entries := self._read(self._after):
            yield from entries
            self._after = entries[-1].seq
