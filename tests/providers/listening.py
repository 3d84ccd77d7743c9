"""Running one call to its end, and keeping what was heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streaming.accounts import Usage
from streaming.events import Delta, PartOpened
from streaming.fold import Fold
from streaming.parts import Part
from streaming.prompt import Prompt, Turn
from streaming.providers.base import (
    Finished,
    Output,
    Provider,
    ProviderError,
    Resumable,
    UsageReported,
)
from tests.simulator import Script


@dataclass
class Heard:
    """What came of a call; ``reason`` stays empty without an end marker."""

    fold: Fold = field(default_factory=Fold)
    outputs: list[Output] = field(default_factory=list)
    usage: Usage | None = None
    reason: str = ""
    #: Where to go on behind everything that was given; empty when the provider did not say.
    cursor: str = ""
    error: ProviderError | None = None

    @property
    def parts(self) -> list[Part]:
        return self.fold.parts

    def text(self, type: str = "text") -> str:
        return "".join(part.text for part in self.parts if part.type == type)

    def take(self, batch: Sequence[Output]) -> None:
        assert not (batch and self.reason), "something came after the end"
        if any(isinstance(output, (PartOpened, Delta)) for output in batch):
            self.cursor = ""
        for output in batch:
            self.outputs.append(output)
            match output:
                case PartOpened() | Delta():
                    self.fold.apply(output)
                case UsageReported(usage):
                    self.usage = usage
                case Finished(reason):
                    self.reason = reason
                case Resumable(cursor):
                    self.cursor = cursor


def question(script: Script | str, model: str = "x/model", **fields: Any) -> Prompt:
    """A prompt whose only turn carries the script."""
    return Prompt(model, (Turn("user", (Part("text", f"Please: {script}"),)),), **fields)


async def listen(
    provider: Provider, prompt: Prompt | Script, *, so_far: Heard | None = None
) -> Heard:
    """To the end, or to the error. With ``so_far`` that call is gone on with by its cursor."""
    heard = so_far or Heard()
    heard.error = None
    prompt = question(prompt) if isinstance(prompt, Script) else prompt
    try:
        async with provider.stream(prompt, heard.cursor) as batches:
            async for batch in batches:
                heard.take(batch)
    except ProviderError as error:
        heard.error = error
    return heard
