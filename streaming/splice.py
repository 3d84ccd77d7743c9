"""Splice: puts what one call says behind what the answer says already.

A call counts its parts from 0; the answer may have some. What anyone saw of it stays as it is, so
a call that goes on with an answer

- adds its first text to the answer's last text, without what it says twice (:mod:`.seam`): a model
  goes on from there, and parts behind it (thoughts, half a tool call) are nothing to go on from;
- adds its first thoughts to the answer's last thoughts, as a paragraph of their own;
- opens parts of its own, at the end, for everything else.

A part that a lost call left unfinished behind the last text stays where it is, as it is.

A call that is gone on with by the provider's cursor is exact and has no seam. All others have one,
those with a prefill too: a server that speaks a vendor's wire may take the prefill for a turn that
is over, and start again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from .events import Delta, Event, PartOpened, dumps
from .fold import Fold
from .parts import REASONING, TEXT, Part
from .seam import Seam


class Splice:
    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self._fold = Fold()
        for index, part in enumerate(parts):
            self._fold.apply(PartOpened(index, part))
        self.begin()

    @property
    def parts(self) -> list[Part]:
        """What the answer says."""
        return self._fold.parts

    def __len__(self) -> int:
        """How many parts it has."""
        return len(self._fold)

    def begin(self, run: int = 0) -> None:
        """A new call, made in this run: what the last one held back is forgotten."""
        self._run = run
        #: Where the parts of this call are in the answer, by their index in the call.
        self._ours: list[int] = []
        #: The parts that its first ones are added to, by type.
        self._last: dict[str, int] = {}
        if len(self._fold):
            for index, part in enumerate(self._fold.parts):
                if part.type in (TEXT, REASONING):
                    self._last[part.type] = index
        self._seam: Seam | None = None
        self._seam_at = -1

    def take(self, item: PartOpened | Delta) -> list[Event]:
        """What this makes of the answer: nothing, as long as it may have been said before."""
        if type(item) is Delta:
            if self._seam is None and self._ours[item.index] == item.index:
                return self._apply(item)  # as nearly always
            return self._say(item.index, item.text)
        assert isinstance(item, PartOpened)
        part = item.part
        at = self._last.pop(part.type, None)
        if at is None:
            at = len(self._fold)
            self._ours.append(at)
            return self._apply(PartOpened(at, part))
        self._ours.append(at)
        if part.type == TEXT:
            self._seam, self._seam_at = Seam(self._said()), len(self._ours) - 1
            return self._say(item.index, part.text)
        before = "\n\n" if self._fold.parts[at].text.strip() else ""
        return self._say(item.index, before + part.text)

    def end(self) -> list[Event]:
        """The call is over: what was held back and is new after all."""
        seam, self._seam = self._seam, None
        if seam is None or not (text := seam.end()):
            return []
        return self._apply(Delta(self._ours[self._seam_at], text))

    # ------------------------------------------------------- to go on with the very same call
    def keep(self, cursor: str) -> str:
        """The provider's cursor and what else it takes to go on with this call in another process;
        empty while something is held back, which nobody else knows of."""
        if self._seam is not None and not self._seam.settled:
            return ""
        return dumps({"cursor": cursor, "parts": self._ours, "run": self._run})

    def restore(self, kept: str) -> str:
        """Go on with the call that this was kept of. Returns the provider's cursor."""
        data = json.loads(kept)
        self.begin(run_of(kept))
        self._ours = data["parts"]
        parts = self._fold.parts
        for index in self._ours:
            self._last.pop(parts[index].type, None)
        cursor: str = data["cursor"]
        return cursor

    # ---------------------------------------------------------------------------- within
    def _say(self, index: int, text: str) -> list[Event]:
        if self._seam is not None and index == self._seam_at:
            text = self._seam.feed(text)
            if self._seam.settled:
                self._seam = None
        return self._apply(Delta(self._ours[index], text)) if text else []

    def _apply(self, event: Event) -> list[Event]:
        self._fold.apply(event)
        return [event]

    def _said(self) -> str:
        """The text that the model was given to go on from (providers/continuing.py)."""
        return "".join(part.text for part in self._fold.parts if part.type == TEXT)


def run_of(kept: str) -> int:
    """The run in which the call that this was kept of was made; 0 when there is none."""
    run: int = json.loads(kept).get("run", 0) if kept else 0
    return run
