"""Said: the text that an answer broke off with, as the rules of its seam look at it."""

from __future__ import annotations

import re

#: The shortest overlap, in characters; where it begins a line or a sentence; of all that was said;
#: and of a word.
LEAST = 20
LEAST_LINE = 12
LEAST_ALL = 8
LEAST_WORD = 3
#: How many different characters an overlap has at least.
DISTINCT = 6
#: How far before the end it begins at most, unless it is the whole answer.
WINDOW = 4_000

SPACES = re.compile(r"\s+")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_LAST_WORD = re.compile(r"[^\W\d_]*\Z")
_SENTENCE = re.compile(r"(?:\n\s*|[.!?:;…]\s+|\A\s*)\Z")


class Said:
    """What the answer says already, as the rules look at it."""

    def __init__(self, text: str) -> None:
        bare = text.rstrip()
        #: One space for each run of white space, none at the ends.
        self.text = SPACES.sub(" ", text).strip()
        self.raw = text
        self.spaces = text[len(bare) :]
        last = text[text.rfind("\n") + 1 :]
        #: The last line, without its indentation; empty where nothing can be broken.
        self.line = "" if self.spaces else last.strip()
        opened = _in_fence(_FENCE.findall(text))
        #: The code block that it ends in, with single spaces; empty when there is none.
        self.block = ""
        if opened:
            *_, opening = _FENCE.finditer(text)
            self.block = SPACES.sub(" ", text[opening.start() :]).strip()
        #: In a code block; not in the line that opens it.
        self.in_fence = opened and not _FENCE.fullmatch(last)
        #: What the text ends in that is no word of its own: of a fence's line, all of it.
        self.piece = self.line if opened and not self.in_fence else _piece(text)

    def starts(self, text: str) -> list[int]:
        """Where in :attr:`text` an overlap that begins with this may begin."""
        most = len(self.text) - LEAST_LINE
        found = []
        if len(self.text) >= LEAST_ALL and self._agrees(0, text):
            found.append(0)
        least = max(1, len(self.text) - WINDOW)
        place = self.text.find(text[:LEAST_LINE], least)
        while 0 <= place <= most:
            if self._agrees(place, text):
                found.append(place)
            place = self.text.find(text[:LEAST_LINE], place + 1)
        return found

    def _agrees(self, place: int, text: str) -> bool:
        return text.startswith(self.text[place : place + len(text)])

    def is_overlap(self, place: int) -> bool:
        """Whether the end of :attr:`text` from here, said again, is no coincidence."""
        end = self.text[place:]
        if len(set(end)) < DISTINCT or _is_periodic(end):
            return False
        if f"{end} {end}" in self.text or end + end in self.text:
            return False
        if len(end) >= LEAST or place == 0:
            return True
        start = _from_the_end(self.raw, len(end))
        return _SENTENCE.search(self.raw[max(0, start - 20) : start]) is not None


def _is_periodic(text: str) -> bool:
    """Whether it is something at least twice in a row."""
    half = len(text) // 2
    period = text.find(text[:half], 1)
    while 0 < period <= (len(text) + 1) // 2:
        if text.startswith(text[period:]):
            return True
        period = text.find(text[:half], period + 1)
    return False


def _piece(text: str) -> str:
    match = _LAST_WORD.search(text)
    piece = match[0] if match else ""
    if len(piece) < LEAST_WORD:
        return ""
    whole = len(re.findall(rf"(?<!\w){piece}(?!\w)", text))
    return piece if whole < 2 else ""


def _in_fence(fences: list[tuple[str, str]]) -> bool:
    """Whether the last of these fence lines (marks, and what stands behind them) is an opening."""
    opening = ""
    for marks, words in fences:
        if not opening:
            # Backticks behind backticks: not a fence but code in a line.
            opening = "" if marks[0] == "`" and "`" in words else marks
        elif marks.startswith(opening) and not words.strip():
            opening = ""
    return bool(opening)


def from_the_start(text: str, length: int) -> int:
    """Where this many characters end, runs of white space counted as one, leading ones not."""
    place = len(text) - len(text.lstrip())
    while length > 0:
        spaces = SPACES.match(text, place)
        place = spaces.end() if spaces else place + 1
        length -= 1
    return place


def _from_the_end(text: str, length: int) -> int:
    """Where the last so many characters begin, counted in the same way."""
    return len(text) - from_the_start(text[::-1], length)
