"""Seam: where a model goes on with an answer that broke off, and says some of it again.

What was seen is never changed, so the seam is made by leaving out what comes twice. The rules, in
this order; ``said`` is what the answer says already, a run of white space counts as one space, and
the numbers are in :mod:`.said`:

1. **Overlap.** The new text begins with the end of ``said``: that much is left out, the longest
   that fits. It must be at least ``LEAST`` characters, or ``LEAST_LINE`` where it begins a line or
   a sentence of ``said`` (as who starts again does), or ``LEAST_ALL`` where it is all of ``said``;
   it must hold ``DISTINCT`` different ones, and not be what ``said`` says twice in a row: what
   repeats itself (bullets, rules, refrains) may do so once more. It may begin in the last
   ``WINDOW`` characters or with the answer's first.
2. **First words.** The same behind a remark such as "Sure, here is the rest:", which goes too. A
   remark begins with one of a few words and is at most ``REMARK`` long. Without an overlap
   (or a code fence, see below) behind it, it stays.
3. **Code fence.** Inside of an open fence the model opens it again, language and all: no fence may
   hold that line, so it goes, and an overlap behind it. Without a language it could be the fence's
   end, and goes only with an overlap behind it (other than the whole block: it may be another one
   like it). After it a broken line of ``LEAST_WORD`` characters or more may be said again from its
   first character that is no space.
4. **Word.** ``said`` ends in a piece of a word, ``LEAST_WORD`` letters or more that are no word of
   it elsewhere, and the new text begins with the whole word.
5. Otherwise nothing is left out: "the the" stays.

Text is held back only while more than one of these may still come true. The result is the same
however the text was cut into pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .said import LEAST_LINE, LEAST_WORD, SPACES, Said, from_the_start

#: The longest remark that is known as one, and the longest line that opens a code fence, in
#: characters.
REMARK = 120
#: The longest run of white space in the new text behind which it is looked at no more.
GAP = 500

#: How a remark begins.
_OPENINGS = (
    *("sure", "certainly", "of course", "absolutely", "okay", "ok", "alright", "right", "yes"),
    *("here", "here's", "continuing", "continued", "continuation", "picking up", "going on"),
    *("resuming", "sorry", "apologies", "my apologies", "let me", "i'll", "i will", "the rest"),
    *("natürlich", "gern", "gerne", "klar", "hier", "fortsetzung", "weiter", "entschuldigung"),
    *("bien sûr", "voici", "suite", "claro", "aquí", "continuación"),
)
_REMARK = re.compile(rf"[\s*_(\[>]*+(?:{'|'.join(_OPENINGS)})(?![^\W\d_])", re.IGNORECASE)
_END_OF_REMARK = re.compile(r"[:.!…—\n)\]*_]")
# Nothing in them is tried twice, or a long run of anything would take for ever.
_REOPENED = re.compile(r"\s*+(?:`{3,}+|~{3,}+)[ \t]*+([\w+#.-]*+)[ \t]*+\r?\n")
_MAY_REOPEN = re.compile(r"\s*+(?:`{0,2}|~{0,2}|(?:`{3,}+|~{3,}+)[ \t]*+[\w+#.-]*+[ \t]*+\r?)")


class Seam:
    """Feed it the new text of one attempt; it hands on what the answer does not say yet."""

    def __init__(self, said: str) -> None:
        self._said = Said(said)
        self._held = ""
        #: How much of it is known to have no long gap in it.
        self._looked = 0
        self._places = [_Place(self._said, 0)]
        #: White space that the answer ends in and the rest must not begin with.
        self._glue: str | None = None if said.strip() else said
        #: Whether everything from now on is handed on as it comes.
        self.settled = not said

    def feed(self, text: str) -> str:
        """What of the text so far is known to be new."""
        if self.settled:
            return text
        self._held += text
        return self._hand_on(final=False)

    def end(self) -> str:
        """There is no more: what was held back and is new."""
        return "" if self.settled else self._hand_on(final=True)

    def _hand_on(self, final: bool) -> str:
        if self._glue is None:
            held, gap = self._held, self._gap()
            self._held = held[:gap]
            left_out = self._judge(final or gap is not None)
            self._held = held[left_out or 0 :]
            if left_out is None:
                return ""
        return self._join(final)

    def _gap(self) -> int | None:
        """Where white space has gone on for too long, if it has."""
        spaces, end = None, len(self._held)
        for spaces in SPACES.finditer(self._held, self._looked):
            if spaces.end() - spaces.start() >= GAP:
                return spaces.start() + GAP
        self._looked = spaces.start() if spaces and spaces.end() == end else end
        return None

    def _join(self, final: bool) -> str:
        """Two runs of white space meet where something was left out."""
        head = self._held[:GAP]
        spaces = head[: len(head) - len(head.lstrip())]
        if self._glue and len(spaces) == len(self._held) < GAP and not final:
            return ""
        self.settled = True
        held, self._held = self._held, ""
        rest = held[len(spaces) :]
        if not self._glue or not spaces:
            return held
        if spaces.startswith(self._glue):
            return spaces.removeprefix(self._glue) + rest
        return spaces + rest if "\n" in spaces and not self._glue.startswith(spaces) else rest

    # ---------------------------------------------------------------------- the rules
    def _judge(self, final: bool) -> int | None:
        """How many characters of what is held to leave out; ``None`` while it is open."""
        self._find_places()
        for place in self._places:
            place.take(self._held)
            if place.is_open and not final:
                return None
            if place.found:
                self._glue = self._said.spaces
                return place.start + place.length_in(self._held)
            if place.reopens:
                again = self._broken_line(self._held[place.start :], final)
                return None if again is None else place.start + again
        if not final and self._more_places():
            return None
        return self._word(final)

    def _find_places(self) -> None:
        """Where in what is held the answer may be said again: at its start, and behind remarks
        and fences."""
        starts = [0]
        if _REMARK.match(self._held, 0, REMARK):
            starts += [end.end() for end in _END_OF_REMARK.finditer(self._held, 0, REMARK)]
        known = {place.start: place for place in self._places}
        for start in starts:
            known.setdefault(start, _Place(self._said, start))
            fence = None
            if self._said.block:
                fence = _REOPENED.match(self._held, start, start + REMARK)
            if fence is not None and fence.end() not in known:
                reopens = bool(fence[1]) and self._said.in_fence
                known[fence.end()] = _Place(self._said, fence.end(), True, reopens)
        self._places = [known[start] for start in sorted(known)]

    def _more_places(self) -> bool:
        held = self._held
        if len(held) < REMARK and (_REMARK.match(held) or _may_become_remark(held)):
            return True
        if not self._said.block:
            return False
        return any(
            len(held) - place.start < REMARK and _MAY_REOPEN.fullmatch(held, place.start)
            for place in self._places
        )

    def _word(self, final: bool) -> int | None:
        piece, held = self._said.piece, self._held
        if not piece:
            return 0
        if len(held) <= len(piece):
            return None if piece.startswith(held) and not final else 0
        return len(piece) if held.startswith(piece) and held[len(piece)].isalpha() else 0

    def _broken_line(self, text: str, final: bool) -> int | None:
        line, bare = self._said.line, text.lstrip(" \t")
        if len(line) < LEAST_WORD or not line.startswith(bare[: len(line)]):
            return 0
        if len(bare) < len(line):
            return 0 if final else None
        return len(text) - len(bare) + len(line)


@dataclass
class _Place:
    """One place in the new text from which on the answer may be said again."""

    said: Said
    start: int
    #: What stands before it may be a code fence that was opened again; with a language it is one.
    in_code: bool = False
    reopens: bool = False
    #: The length of the overlap, in single spaces; 0 when none was found.
    found: int = 0
    _text: str = ""
    _taken: int = 0
    #: Places in what was said that agree so far; ``None`` before there is anything to compare.
    _starts: list[int] | None = None

    @property
    def is_open(self) -> bool:
        return self._starts is None or bool(self._starts)

    def take(self, held: str) -> None:
        """Look at what has come since, most of it only where the beginning agrees."""
        self._take(held[: max(self.start, self._taken) + REMARK])
        self._take(held)

    def _take(self, held: str) -> None:
        if self._starts is not None and not self._starts:
            return
        begin = max(self.start, self._taken)
        # White space at the end waits for what follows it.
        end = begin + len(held[begin:].rstrip())
        if end <= begin:
            return
        new = SPACES.sub(" ", held[begin:end])
        if not self._text:
            new = new.lstrip()
        self._taken = end
        before = len(self._text)
        self._text += new
        if self._starts is None or before < LEAST_LINE:
            self._starts = self.said.starts(self._text)
        else:
            self._starts = [
                place
                for place in self._starts
                if new.startswith(self.said.text[place + before : place + before + len(new)])
            ]
        self._look_for_ends()

    def _look_for_ends(self) -> None:
        going_on = []
        for place in self._starts or ():
            length = len(self.said.text) - place
            if length > len(self._text):
                going_on.append(place)
            elif self.in_code and not self.reopens and length == len(self.said.block):
                continue  # the fence was closed, and the same block follows once more
            elif length > self.found and self.said.is_overlap(place):
                self.found = length
        self._starts = going_on

    def length_in(self, held: str) -> int:
        """How far the overlap goes, in characters from :attr:`start`."""
        return from_the_start(held[self.start :], self.found)


def _may_become_remark(text: str) -> bool:
    bare = text.lstrip(" \n*_([>").lower()
    return any(opening.startswith(bare) for opening in _OPENINGS)
