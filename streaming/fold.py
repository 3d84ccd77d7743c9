"""Fold: old state + events = new state. The browser's fold reads the same test vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .events import Delta, Event, PartOpened, Snapshot, Started, Waiting
from .parts import Part

QUEUED = "queued"
RUNNING = "running"


class Fold:
    """The state of a message as its events tell it.

    ``status`` is ``queued`` before the first event, ``running``, then the name of the terminal
    event. Applying an event costs its own length, never the message's.
    """

    def __init__(self) -> None:
        self.status = QUEUED
        self.terminal: Event | None = None
        self._heads: list[Part] = []
        self._texts: list[list[str]] = []

    def apply(self, event: Event) -> None:
        """Raises ``ValueError`` for an event that cannot follow what came before."""
        if self.terminal is not None:
            raise ValueError(f"{event.name} after {self.terminal.name}")
        match event:
            case Delta(index, text):
                if not 0 <= index < len(self._texts):
                    raise ValueError(f"delta for part {index} of {len(self._texts)}")
                self._texts[index].append(text)
            case PartOpened(index, part):
                if index != len(self._heads):
                    raise ValueError(f"part {index} opened after {len(self._heads)}")
                self._open(part)
            case Snapshot(parts, status):
                self._heads, self._texts = [], []
                for part in parts:
                    self._open(part)
                self.status = status
            case Started():
                self.status = RUNNING
            case Waiting():
                pass
            case _:
                self.status = event.name
                self.terminal = event

    def _open(self, part: Part) -> None:
        self._heads.append(part)
        self._texts.append([part.text])

    @property
    def parts(self) -> list[Part]:
        """The parts so far. Costs the message's length: ask at the end, not per event."""
        return [
            replace(head, text="".join(texts))
            for head, texts in zip(self._heads, self._texts, strict=True)
        ]

    def __len__(self) -> int:
        """How many parts are open."""
        return len(self._heads)


def fold(events: Iterable[Event]) -> Fold:
    """The state after ``events``, from nothing."""
    state = Fold()
    for event in events:
        state.apply(event)
    return state
