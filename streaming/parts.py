"""Parts: what a message is made of. Pure values, JSON in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

TEXT: Final = "text"
REASONING: Final = "reasoning"
REFUSAL: Final = "refusal"
TOOL_CALL: Final = "tool_call"
TOOL_RESULT: Final = "tool_result"

#: The types whose text a person reads as the answer itself.
VISIBLE: Final = frozenset({TEXT, REFUSAL})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message.

    ``text`` is what deltas append to: prose for ``text``, ``reasoning`` and ``refusal``, the
    arguments as JSON text for ``tool_call``, the output for ``tool_result``.
    """

    type: str
    text: str = ""
    #: The tool's name (``tool_call``).
    name: str = ""
    #: The id that ties a ``tool_call`` and its ``tool_result`` together.
    call: str = ""

    def as_json(self) -> dict[str, str]:
        """``{"type", "text"}`` and whichever of ``name`` and ``call`` is set."""
        data = {"type": self.type, "text": self.text}
        if self.name:
            data["name"] = self.name
        if self.call:
            data["call"] = self.call
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Part:
        """The inverse of :meth:`as_json`; unknown fields are ignored."""
        return cls(
            type=data["type"],
            text=data.get("text", ""),
            name=data.get("name", ""),
            call=data.get("call", ""),
        )


def length(parts: Iterable[Part]) -> int:
    """How many characters they have in all."""
    return sum(len(part.text) for part in parts)


def visible_text(parts: Iterable[Part]) -> str:
    """What a person reads of a message: its text and refusals, without reasoning and tools."""
    return "\n\n".join(part.text for part in parts if part.type in VISIBLE and part.text)
