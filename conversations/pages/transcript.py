"""What was said, as the page prints it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streaming.parts import REFUSAL, TEXT, Part, visible_text

from .. import answers
from ..answers import State
from ..models import Conversation, Message
from .words import ending, folded


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part for a page without scripts: plain text, open or folded."""

    type: str
    name: str
    text: str

    @property
    def is_prose(self) -> bool:
        return self.type in (TEXT, REFUSAL)

    @property
    def summary(self) -> str:
        return folded(self.type, self.name)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message; ``state`` is an answer's, ``None`` for a question."""

    message: Message
    state: State | None

    @property
    def shown_parts(self) -> list[ShownPart]:
        return [ShownPart(part.type, part.name, part.text) for part in self._parts]

    @property
    def _parts(self) -> Sequence[Part]:
        return self.state.parts if self.state else ()

    @property
    def document(self) -> dict[str, Any]:
        """The state at the cursor, for ``<live-answer>``."""
        document: dict[str, Any] = {"parts": [part.as_json() for part in self._parts]}
        if self.state and self.state.reason:
            document["reason"] = self.state.reason
        if self.state and self.state.error:
            document["error"] = self.state.error
        return document

    @property
    def running(self) -> bool:
        return self.state is not None and self.state.status in ("queued", "running")

    @property
    def ended(self) -> bool:
        return self.state is not None and not self.running

    @property
    def continuable(self) -> bool:
        """Ended before its end, with words to go on from."""
        if self.state is None or self.state.status not in ("stopped", "incomplete", "failed"):
            return False
        hopeless = self.state.error is not None and not self.state.error["recoverable"]
        return bool(visible_text(self._parts)) and not hopeless

    @property
    def complaint(self) -> str:
        """In words, why it is not whole; empty when it is, or may still become so."""
        return ending(self.state) if self.state is not None else ""


def transcript(conversation: Conversation) -> list[Entry]:
    """The current branch, oldest first."""
    return [
        Entry(message, answers.state(message) if message.role == Message.Role.ASSISTANT else None)
        for message in conversation.branch()
    ]
