"""Events: what happened to a generation. Pure values with a name and JSON data.

The names and fields are the protocol's (docs/protocol.md, "Events").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any, ClassVar

from .accounts import Timings, Usage
from .parts import Part


def dumps(data: Any) -> str:
    """Compact JSON on one line: control characters are escaped, everything else is itself."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. Nothing follows a ``terminal`` one."""

    name: ClassVar[str]
    terminal: ClassVar[bool] = False

    def data(self) -> dict[str, Any]:
        """The event's fields as the protocol names them."""
        raise NotImplementedError

    def json(self) -> str:
        """The data as one line of JSON."""
        return dumps(self.data())


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A run began; with ``attempt`` above 1 it goes on from what is there."""

    name: ClassVar[str] = "started"
    model: str
    attempt: int = 1
    #: What the generation's owner wants said with it: ``message_id``, ``conversation_id``.
    labels: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        return {**self.labels, "model": self.model, "attempt": self.attempt}


@dataclass(frozen=True, slots=True)
class PartOpened(Event):
    """A part was opened at ``index``; deltas append to its text."""

    name: ClassVar[str] = "part"
    index: int
    part: Part

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"index": self.index, **self.part.as_json()}
        if not self.part.text:
            del data["text"]
        return data


@dataclass(frozen=True, slots=True)
class Delta(Event):
    """Text to append to the part at ``index``."""

    name: ClassVar[str] = "delta"
    index: int
    text: str

    def data(self) -> dict[str, Any]:
        return {"index": self.index, "text": self.text}

    def json(self) -> str:
        # What dumps() makes of data(), without its detours: there is one of these a token.
        return f'{{"index":{self.index},"text":{encode_basestring(self.text)}}}'


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """We wait and go on by ourselves: the provider asked for it, or all places are taken."""

    name: ClassVar[str] = "waiting"
    reason: str
    retry_in_ms: int

    def data(self) -> dict[str, Any]:
        return {"reason": self.reason, "retry_in_ms": self.retry_in_ms}


@dataclass(frozen=True, slots=True)
class Snapshot(Event):
    """Forget what you have of this message; this is its state at this cursor. Never stored."""

    name: ClassVar[str] = "snapshot"
    parts: tuple[Part, ...]
    status: str

    def data(self) -> dict[str, Any]:
        return {"parts": [part.as_json() for part in self.parts], "status": self.status}


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The provider said that it was finished."""

    name: ClassVar[str] = "done"
    terminal: ClassVar[bool] = True
    finish_reason: str
    usage: Usage
    timings: Timings

    def data(self) -> dict[str, Any]:
        return {
            "finish_reason": self.finish_reason,
            "usage": self.usage.as_json(),
            "timings": self.timings.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """A person stopped it; ``receipt`` is the one that the stop call answered with."""

    name: ClassVar[str] = "stopped"
    terminal: ClassVar[bool] = True
    receipt: str
    usage: Usage
    timings: Timings

    def data(self) -> dict[str, Any]:
        return {
            "usage": self.usage.as_json(),
            "timings": self.timings.as_json(),
            "receipt": self.receipt,
        }


@dataclass(frozen=True, slots=True)
class Incomplete(Event):
    """It ended early and what there is was kept."""

    name: ClassVar[str] = "incomplete"
    terminal: ClassVar[bool] = True
    #: ``length``, ``content_filter``, ``upstream_lost``, ``stalled``, ``interrupted``.
    reason: str
    usage: Usage
    timings: Timings

    def data(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "usage": self.usage.as_json(),
            "timings": self.timings.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """No answer came. ``message`` says what a person can do."""

    name: ClassVar[str] = "failed"
    terminal: ClassVar[bool] = True
    code: str
    message: str
    recoverable: bool
    timings: Timings

    def data(self) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "recoverable": self.recoverable,
            },
            "timings": self.timings.as_json(),
        }


def _started(data: dict[str, Any]) -> Event:
    return Started(model=data.pop("model"), attempt=data.pop("attempt"), labels=data)


def _account(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "usage": Usage.from_json(data["usage"]),
        "timings": Timings.from_json(data["timings"]),
    }


_DECODERS: dict[str, Callable[[dict[str, Any]], Event]] = {
    "started": _started,
    "part": lambda data: PartOpened(data["index"], Part.from_json(data)),
    "delta": lambda data: Delta(data["index"], data["text"]),
    "waiting": lambda data: Waiting(data["reason"], data["retry_in_ms"]),
    "snapshot": lambda data: Snapshot(
        tuple(Part.from_json(part) for part in data["parts"]), data["status"]
    ),
    "done": lambda data: Done(data["finish_reason"], **_account(data)),
    "stopped": lambda data: Stopped(data["receipt"], **_account(data)),
    "incomplete": lambda data: Incomplete(data["reason"], **_account(data)),
    "failed": lambda data: Failed(**data["error"], timings=Timings.from_json(data["timings"])),
}


def decode(name: str, data: str) -> Event:
    """The event that :meth:`Event.json` made ``data`` from.

    Raises ``KeyError`` for an unknown name or a missing field, ``ValueError`` for bad JSON.
    """
    return _DECODERS[name](json.loads(data))
