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
#: At how many places, and how many times over, the same is looked at: a text with more of them
#: repeats itself. Whatever is said, looking at it must not take long.
MANY = 256
#: The longest line and the longest word that may be broken.
LONGEST_LINE = 1_000
LONGEST_WORD = 100

SPACES = re.compile(r"\s+")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?:\n\s*|[.!?:;…]\s+|\A\s*)\Z")


class Said:
    """What the answer says already, as the rules look at it."""

    def __init__(self, text: str) -> None:
        bare = text.rstrip()
        #: One space for each run of white space, none at the ends.
        self.text = SPACES.sub(" ", text).strip()
        self.raw = text
        #: The last place from which on it is different enough to be known again; or -1.
        self._latest = _latest(self.text)
        self.spaces = text[len(bare) :]
        last = text[text.rfind("\n") + 1 :]
        #: The last line, without its indentation; empty where nothing can be broken.
        self.line = "" if self.spaces or len(last) > LONGEST_LINE else last.strip()
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
        if self._latest < 0:
            return []
        most = min(len(self.text) - LEAST_LINE, self._latest)
        found = []
        if len(self.text) >= LEAST_ALL and self._agrees(0, text):
            found.append(0)
        least = max(1, len(self.text) - WINDOW)
        place = self.text.find(text[:LEAST_LINE], least)
        for _ in range(MANY):
            if not 0 <= place <= most:
                break
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


def _latest(text: str) -> int:
    letters: set[str] = set()
    for place in range(len(text) - 1, -1, -1):
        letters.add(text[place])
        if len(letters) == DISTINCT:
            return place
    return -1


def _is_periodic(text: str) -> bool:
    """Whether it is something at least twice in a row."""
    half = len(text) // 2
    period = text.find(text[:half], 1)
    for _ in range(MANY):
        if not 0 < period <= (len(text) + 1) // 2:
            return False
        if text.startswith(text[period:]):
            return True
        period = text.find(text[:half], period + 1)
    return True


def _piece(text: str) -> str:
    start = len(text)
    while start and text[start - 1].isalpha() and len(text) - start <= LONGEST_WORD:
        start -= 1
    piece = text[start:]
    if not LEAST_WORD <= len(piece) <= LONGEST_WORD:
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
    for spaces in SPACES.finditer(text, place):
        before = spaces.start() - place
        if length <= before:
            break
        length -= before + 1
        place = spaces.end()
    return place + length


def _from_the_end(text: str, length: int) -> int:
    """Where the last so many characters begin, counted in the same way."""
    return len(text) - from_the_start(text[::-1], length)
