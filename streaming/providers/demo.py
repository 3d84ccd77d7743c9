"""A provider for who has no model yet: streams a tour of the product, offline and honestly."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ..accounts import Usage
from ..events import Delta, PartOpened
from ..parts import REASONING, TEXT, Part, visible_text
from ..prompt import Prompt
from .base import Finished, Model, Output, Provider, UsageReported
from .continuing import said

TOUR = Path(__file__).parent / "tour"

LABEL = (
    "> **This is a demo.** No model is connected, and nobody has read your question: the text "
    "below was written beforehand and is chosen by its words.\n\n"
)

#: Which section is told, by the words of the question; the first ones come first.
SECTIONS = {
    "connect": r"connect|\bapi[ _-]?keys?\b|\bkeys?\b|\.env|openai|anthropic|claude|\bgpt|llama"
    r"|gemini|real model|\bset ?up\b|install|configur",
    "crash": r"crash|surviv|restart|reload|refresh|\blos[et]|\bdrop|offline|disconnect|\bkill|resum"
    r"|network|reliab|durab",
    "code": r"\bcod(e|ing)\b|program|python|javascript|function|\bscript|\bapi\b|\bcurl\b|terminal",
    "table": r"\btables?\b|\bcompar|\bcolumns?\b|spreadsheet|\brows?\b",
    "maths": r"\bmath|formula|equation|latex|calcul|integral|probabil|statistic|algebra",
}
GREETING = re.compile(
    r"\W*(hi|hello|hey|hallo|moin|good (morning|afternoon|evening))\b.{0,20}", re.IGNORECASE
)
#: One question is told no more than this.
MOST_SECTIONS = 2

#: About what a real tokenizer makes of English: a word, or a piece of a long one.
_TOKEN = re.compile(r"\s*\S{1,7}|\s+")


class DemoProvider(Provider):
    """``tokens_per_second`` of 0 is as fast as it goes.

    The same question gets the same text, so an answer that broke off is continued to the letter.
    """

    name = "demo"

    def __init__(self, *, tokens_per_second: float = 40.0) -> None:
        self._interval = 1 / tokens_per_second if tokens_per_second > 0 else 0.0

    async def models(self) -> Sequence[Model]:
        return [Model(id="demo/tour", label="Demo (no model connected)")]

    @asynccontextmanager
    async def stream(
        self, prompt: Prompt, resume: str = ""
    ) -> AsyncIterator[AsyncIterator[Sequence[Output]]]:
        batches = self._batches(prompt)
        try:
            yield batches
        finally:
            await batches.aclose()

    async def _batches(self, prompt: Prompt) -> AsyncGenerator[Sequence[Output]]:
        thoughts, text = answer(_question(prompt))
        before = said(prompt.partial)
        pieces = [(TEXT, token) for token in tokens(rest(text, before))]
        if not prompt.partial:
            pieces = [(REASONING, token) for token in tokens(thoughts)] + pieces
        start = time.monotonic()
        opened: list[str] = []
        for index, (kind, token) in enumerate(pieces):
            await asyncio.sleep(max(0.0, start + index * self._interval - time.monotonic()))
            batch: list[Output] = []
            if kind not in opened:
                batch.append(PartOpened(len(opened), Part(kind)))
                opened.append(kind)
            batch.append(Delta(len(opened) - 1, token))
            yield batch
        yield [UsageReported(_usage(prompt, [kind for kind, _ in pieces])), Finished("stop")]


def answer(question: str) -> tuple[str, str]:
    """The reasoning and the text for a question, the same every time."""
    asked = question.lower()
    names = [name for name, words in SECTIONS.items() if re.search(words, asked)]
    if not names:
        names = ["greeting" if GREETING.fullmatch(question.strip()) else "tour"]
    sections = [_section(name) for name in names[:MOST_SECTIONS]]
    thoughts = " ".join(thought for thought, _ in sections)
    return thoughts, LABEL + "\n\n".join(text for _, text in sections)


def rest(text: str, before: str) -> str:
    """What is still to be said after ``before``; all of it if that was another text's beginning."""
    return text[len(before) :] if text.startswith(before) else f"\n\n{text}"


def tokens(text: str) -> list[str]:
    """What is sent piece by piece; joined, it is the text."""
    return _TOKEN.findall(text)


@functools.cache
def _section(name: str) -> tuple[str, str]:
    """The reasoning and the text of one page of the tour: a rule stands between them."""
    thought, _, text = (TOUR / f"{name}.md").read_text(encoding="utf-8").partition("\n---\n")
    return thought.strip(), text.strip()


def _question(prompt: Prompt) -> str:
    return next((visible_text(t.parts) for t in reversed(prompt.turns) if t.role == "user"), "")


def _usage(prompt: Prompt, kinds: Sequence[str]) -> Usage:
    """Counted, not estimated: these are the demo's own tokens."""
    read = [prompt.system, *(visible_text(turn.parts) for turn in prompt.turns)]
    return Usage(
        input_tokens=sum(len(tokens(text)) for text in read),
        output_tokens=len(kinds),
        reasoning_tokens=kinds.count(REASONING),
    )
