"""Histories: what one client did and saw of one answer, with times."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

#: From CLOCK_MONOTONIC to seconds since the epoch, fixed once: it never jumps, and the provider's
#: and the database's records of the same machine can be laid beside it.
_EPOCH = time.time() - time.monotonic()


def now() -> float:
    """Seconds since the epoch, by a clock that only goes forward."""
    return time.monotonic() + _EPOCH


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame that was read to its end."""

    at: float
    #: Which life of which process sent it: ``web1#3``.
    life: str
    event: str
    cursor: str
    data: str

    @property
    def seq(self) -> int:
        return int(self.cursor.rpartition("-")[2] or 0)


@dataclass(frozen=True, slots=True)
class Opened:
    """A response began. ``healthy``: nothing but the server itself could hold its bytes back."""

    at: float
    life: str
    #: The cursor that was asked with; ``None`` when the response is the asking call's own.
    after: str | None
    status: int
    healthy: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A response ended, or none came."""

    at: float
    life: str
    why: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A stop call was answered. ``receipt`` is empty when the answer had ended before."""

    at: float
    answered: float
    life: str
    status: int
    receipt: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody who may not see it asked for it."""

    at: float
    status: int


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The client wanted to read to the end, and waited in vain."""

    at: float
    why: str


Moment = Taken | Opened | Lost | StopAsked | Refused | GaveUp


@dataclass
class History:
    """One client's."""

    client: str
    #: Empty until the server has said which answer it is.
    message_id: str = ""
    moments: list[Moment] = field(default_factory=list)

    @property
    def frames(self) -> Iterator[Taken]:
        """In order; ``reconnect`` is none of the answer's."""
        for moment in self.moments:
            if type(moment) is Taken and moment.event != "reconnect":
                yield moment

    @property
    def ended(self) -> Taken | None:
        """The terminal event it took."""
        return next((frame for frame in self.frames if frame.event in TERMINAL), None)

    def lines(self) -> Iterator[str]:
        """As JSON, a moment a line."""
        for moment in self.moments:
            kind = type(moment).__name__.lower()
            about = {"client": self.client, "message": self.message_id, "kind": kind}
            yield json.dumps(about | dataclasses.asdict(moment), ensure_ascii=True)


TERMINAL = frozenset({"done", "stopped", "incomplete", "failed"})
