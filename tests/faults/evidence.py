"""Evidence: all that is known of one answer when its run is over. Pure values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulator import Script

from .histories import History, StopAsked


@dataclass(frozen=True, slots=True)
class Row:
    """One committed entry."""

    seq: int
    epoch: int
    name: str
    data: str


@dataclass(frozen=True)
class Stored:
    """What the database holds of one generation."""

    message_id: str
    state: str
    epoch: int
    attempt: int
    #: How many of its runs were lost, by whatever fault.
    losses: int
    last_seq: int | None
    stop_receipt: str
    usage: Mapping[str, Any]
    #: Seconds since the epoch, by the database's clock.
    ended_at: float | None
    rows: Sequence[Row]
    #: The message's own copy of the parts, once there is one.
    parts: Sequence[Mapping[str, Any]] | None

    @property
    def text(self) -> str:
        """What the log says, to its last entry."""
        return "".join(part["text"] for part in parts_of(self.rows) if part["type"] == "text")


def parts_of(rows: Iterable[Row]) -> list[dict[str, str]]:
    """The parts that a log tells of, as JSON has them; whatever it tells, it is told."""
    parts: list[dict[str, str]] = []
    for row in rows:
        if row.name == "part":
            part = json.loads(row.data)
            del part["index"]
            parts.append({"text": "", **part})
        elif row.name == "delta":
            delta = json.loads(row.data)
            parts[delta["index"]]["text"] += delta["text"]
    return parts


@dataclass(frozen=True)
class Autopsy:
    """The database right after a process died."""

    life: str
    at: float
    stored: Mapping[str, Stored]


@dataclass(frozen=True, slots=True)
class Rival:
    """Another node that took the generation over for a while, and did nothing with it."""

    at: float
    epoch: int
    #: The last entry at that time: what follows is of this epoch or a later one.
    seq: int
    #: Whether its lease was taken from it before it ran out.
    robbed: bool


@dataclass(frozen=True, slots=True)
class Upstream:
    """One call as the provider saw it. Times are seconds since the epoch."""

    started: float
    ended: float | None
    state: str
    tokens: int

    @classmethod
    def of(cls, call: Mapping[str, Any]) -> Upstream:
        return cls(call["started"], call["ended"], call["state"], call["tokens"])


@dataclass
class Run:
    """One answer under faults: who asked and read it, and what came of it."""

    name: str
    script: Script
    histories: list[History] = field(default_factory=list)
    #: ``None`` when no call was ever accepted.
    stored: Stored | None = None
    #: Every answer that was made for the key; more than one is one too many.
    answers: list[str] = field(default_factory=list)
    calls: list[Upstream] = field(default_factory=list)
    autopsies: list[Autopsy] = field(default_factory=list)
    rivals: list[Rival] = field(default_factory=list)
    #: From when to when processes stood still, and when each came back to life after a death.
    pauses: list[tuple[float, float]] = field(default_factory=list)
    deaths: list[tuple[float, float]] = field(default_factory=list)
    #: Whether a process was told to end (and with it, maybe, this answer's run).
    ended_early: bool = False
    #: How long the provider may be silent, in seconds.
    patience: float = 30.0
    #: When the record was closed.
    closed: float = 0.0
    #: Whether what a dead process left is finished (or else ended, with its text kept).
    finishes: bool = True

    def lines(self) -> Iterator[str]:
        """All of it as JSON: what is known first, then every client's moments, a line each."""
        about = {
            "run": self.name,
            "script": str(self.script),
            "stored": self.stored and dataclasses.asdict(self.stored),
            "calls": [dataclasses.asdict(call) for call in self.calls],
            "rivals": [dataclasses.asdict(rival) for rival in self.rivals],
            "pauses": self.pauses,
            "deaths": self.deaths,
        }
        yield json.dumps(about)
        for history in self.histories:
            yield from history.lines()

    @property
    def expected(self) -> str:
        """The whole answer."""
        return self.script.text()

    @property
    def disturbed(self) -> bool:
        """Whether anything happened to the process that ran it."""
        return bool(self.deaths or self.pauses or self.rivals or self.ended_early)

    @property
    def stops(self) -> list[StopAsked]:
        """Every stop call that was answered."""
        return [
            moment
            for history in self.histories
            for moment in history.moments
            if type(moment) is StopAsked
        ]
