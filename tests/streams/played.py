"""A provider that does what a list says, and a run of an engine on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from streaming.accounts import Usage
from streaming.engine import Engine
from streaming.events import Event, PartOpened
from streaming.log.base import Claim
from streaming.log.memory import MemoryLog
from streaming.parts import Part
from streaming.patience import Patience
from streaming.progress import Earlier
from streaming.prompt import Prompt, Turn
from streaming.providers.base import Model, Output, Provider, ProviderError
from tests.log.contract import new_key

TEXT = PartOpened(0, Part("text"))
OVERLOADED = ProviderError("overloaded", "Busy.", recoverable=True, retry_after_s=0.01)
REFUSED = ProviderError("unauthorized", "No.", recoverable=False)
Step = Sequence[Output] | ProviderError | None
USAGE = Usage(7, 9)


class Played(Provider):
    """Does in each call what a list says: hand over a batch, raise, or (``None``) wait forever."""

    name = "played"

    def __init__(self, *calls: Sequence[Step]) -> None:
        self.calls = list(calls)
        self.made = 0
        self.closed = 0
        #: What each call was made with.
        self.prompts: list[Prompt] = []
        self.resumed: list[str] = []
        self.cancelled: list[str] = []
        self.waiting = asyncio.Event()

    async def models(self) -> Sequence[Model]:
        return []

    def stream(
        self, prompt: Prompt, resume: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Output]]]:
        self.prompts.append(prompt)
        self.resumed.append(resume)
        return self._stream()

    async def cancel(self, resume: str) -> None:
        self.cancelled.append(resume)

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[AsyncIterator[Sequence[Output]]]:
        steps = self.calls[self.made]
        self.made += 1
        try:
            yield self._play(steps)
        finally:
            self.closed += 1

    async def _play(self, steps: Sequence[Step]) -> AsyncIterator[Sequence[Output]]:
        for step in steps:
            if step is None:
                self.waiting.set()
                await asyncio.Event().wait()
            elif isinstance(step, ProviderError):
                raise step
            else:
                yield step


class Run:
    def __init__(
        self,
        provider: Provider | None,
        partial: tuple[Part, ...] = (),
        *,
        earlier: Earlier | None = None,
        goes_on: bool = True,
        **patience: float,
    ) -> None:
        self.log = MemoryLog()
        self.claim = Claim(1, new_key(), epoch=1)
        prompt = Prompt("played/x", (Turn("user", (Part("text", "x" * 40),)),), partial=partial)
        self.engine = Engine(
            self.log,
            self.claim,
            prompt,
            provider,
            patience=lambda: Patience(**patience),
            earlier=earlier,
            goes_on=goes_on,
        )

    async def events(self) -> list[Event]:
        await asyncio.wait_for(self.engine.run(), 20)
        return [entry.event for entry in self.log.entries.get(1, [])]
