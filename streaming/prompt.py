"""Prompt: everything a provider needs to be called, as one value that survives a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .events import dumps
from .parts import Part

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A call to a model: ``turns`` oldest first, the last one a user's.

    ``partial`` is what an interrupted answer already says: the model goes on from there and
    repeats none of it.
    """

    #: ``provider/name``.
    model: str
    turns: tuple[Turn, ...]
    system: str = ""
    #: ``max_tokens``, ``temperature``, …; a provider sends what its model takes.
    options: Mapping[str, Any] = field(default_factory=dict)
    partial: tuple[Part, ...] = ()

    def json(self) -> str:
        return dumps(
            {
                "model": self.model,
                "system": self.system,
                "turns": [_turn_json(turn) for turn in self.turns],
                "options": dict(self.options),
                "partial": [part.as_json() for part in self.partial],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Prompt:
        """The inverse of :meth:`json`."""
        data = json.loads(text)
        return cls(
            model=data["model"],
            system=data["system"],
            turns=tuple(Turn(turn["role"], _parts(turn["parts"])) for turn in data["turns"]),
            options=data["options"],
            partial=_parts(data["partial"]),
        )


def _parts(data: list[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part.from_json(part) for part in data)


def _turn_json(turn: Turn) -> dict[str, Any]:
    return {"role": turn.role, "parts": [part.as_json() for part in turn.parts]}
