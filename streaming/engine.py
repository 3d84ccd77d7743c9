"""Engine: one generation from start to terminal event. Provider in, log out.

It has never heard of a response: who reads, how many and how fast makes no difference here.
"""

from __future__ import annotations

import asyncio
import enum
import random
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from .events import Delta, Done, Event, Failed, Incomplete, PartOpened, Stopped, Waiting
from .fold import Fold
from .log.base import Claim, Fenced, Log
from .parts import TEXT, Part
from .patience import Patience, Watch
from .progress import Progress
from .prompt import Prompt
from .providers.base import Finished, Output, Provider, ProviderError, UsageReported

#: Calls for one answer before its first token, and the longest wait between two.
MAX_CALLS = 4
LONGEST_WAIT_S = 60.0
#: The engine stops reading while this many characters wait for the database.
MAX_BACKLOG = 1_000_000
#: An answer longer than this is not one that a person reads, in characters.
LONGEST_ANSWER = 20_000_000

RESTARTED = "The server was restarted before the answer had begun. Try again."
STALLED = "The model stopped sending. Try again, or choose another model."
LOST = "The connection to the model was lost before it had finished. Try again."
GONE = "This model is no longer offered here. Choose another one."
BROKEN = "Something broke on our side, and it was written down. Try again."


class Interrupt(enum.Enum):
    """Why an engine is told to end before its provider is done."""

    STOP = "stopped"
    SHUTDOWN = "interrupted"
    FENCED = "fenced"


class Engine:
    def __init__(
        self,
        log: Log,
        claim: Claim,
        prompt: Prompt,
        provider: Provider | None,
        *,
        patience: Patience | None = None,
        queued_ms: int = 0,
    ) -> None:
        self.log = log
        self.claim = claim
        self.prompt = prompt
        self.provider = provider
        self.receipt: UUID | None = None
        self._patience = patience or Patience()
        self._progress = Progress(prompt, queued_ms)
        self._fold = Fold()
        for index, part in enumerate(prompt.partial):
            self._fold.apply(PartOpened(index, part))
        self._indices = _Indices(prompt)
        self._interrupt: Interrupt | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_decided = False
        #: Set by whoever runs it, when there is nothing left to do.
        self.ended = asyncio.Event()

    @property
    def parts(self) -> list[Part]:
        """What the log tells of the answer's parts, once :meth:`run` has returned."""
        return self._fold.parts

    async def run(self) -> None:
        """Until the terminal event is committed. Raises ``Fenced`` when others took over."""
        self._task = asyncio.current_task()
        ending: Event | None
        try:
            ending = self._interrupted() if self.is_interrupted else await self._converse()
        except asyncio.CancelledError:
            if not self.is_interrupted:
                raise
            ending = self._interrupted()
        self._is_decided = True
        if ending is None:
            raise Fenced(str(self.claim.key))
        self.log.append(self.claim, [ending])
        await self.log.flushed(self.claim)

    @property
    def is_interrupted(self) -> bool:
        return self._interrupt is not None

    def interrupt(self, why: Interrupt, receipt: UUID | None = None) -> None:
        """End now: the upstream call is closed, then the terminal event is written.

        Too late when the end is decided and on its way to the database.
        """
        if not self.is_interrupted and not self._is_decided:
            self._interrupt = why
            self.receipt = receipt
            if self._task is not None:
                self._task.cancel()

    async def _converse(self) -> Event:
        """Call until an answer comes, or there is no use in calling again."""
        if self.provider is None:
            return self._failed(ProviderError("model_not_found", GONE, recoverable=False))
        for call in range(1, MAX_CALLS + 1):
            try:
                await self._call()
            except ProviderError as error:
                if self._progress.finish is not None:
                    break
                if self._progress.first_token is not None:
                    return self._incomplete(_reason_of(error))
                wait_s = _wait_s(error, call)
                if not error.recoverable or call == MAX_CALLS or wait_s > LONGEST_WAIT_S:
                    return self._failed(error)
                self.log.append(self.claim, [Waiting(error.code, int(wait_s * 1000))])
                await asyncio.sleep(wait_s)
            else:
                break
        return self._finished()

    async def _call(self) -> None:
        """One upstream call. Returns when the provider said that it was finished."""
        assert self.provider is not None
        try:
            async with asyncio.timeout(None) as limit:
                watch = Watch(self._patience, lambda: limit.reschedule(0))
                try:
                    async with self.provider.stream(self.prompt) as chunks:
                        await self._listen(chunks, watch)
                finally:
                    watch.close()
        except TimeoutError:
            raise ProviderError("stalled", STALLED, recoverable=True) from None
        if self._progress.finish is None:
            raise ProviderError("upstream_lost", LOST, recoverable=True)

    async def _listen(self, chunks: AsyncIterator[Sequence[Output]], watch: Watch) -> None:
        count = 0
        async for batch in chunks:
            watch.heard()
            if batch and self._take(batch):
                watch.spoke()
                if self.log.backlog(self.claim) > MAX_BACKLOG:
                    with watch.paused():
                        await self.log.flushed(self.claim)
            if self._progress.finish is not None:
                watch.finished()
            count += 1
            if not count & 63:
                # A provider that is always ready must not keep the loop to itself.
                await asyncio.sleep(0)

    def _take(self, batch: Sequence[Output]) -> bool:
        """Hand over what came; whether it was something to see."""
        progress = self._progress
        events: list[Event] = []
        for item in batch:
            if type(item) is Delta:
                events.append(self._indices.delta(item))
                progress.characters += len(item.text)
            elif type(item) is PartOpened:
                events.extend(self._indices.opened(item))
            elif type(item) is UsageReported:
                progress.reported = item.usage
            elif type(item) is Finished:
                progress.finish = item.reason
        if not events:
            return False
        if progress.first_token is None and progress.characters:
            progress.first_token = time.monotonic()
        for event in events:
            self._fold.apply(event)
        self.log.append(self.claim, events)
        if progress.characters > LONGEST_ANSWER:
            progress.finish = "too_long"
            raise ProviderError("too_long", "The answer had no end.", recoverable=False)
        return True

    # ------------------------------------------------------------------------ how it ends
    def _finished(self) -> Event:
        reason = self._progress.finish or ""
        if reason in ("length", "content_filter", "too_long"):
            return self._incomplete(reason)
        return Done(reason, self._progress.usage(), self._progress.timings())

    def _interrupted(self) -> Event | None:
        match self._interrupt:
            case Interrupt.STOP:
                return Stopped(str(self.receipt), self._progress.usage(), self._progress.timings())
            case Interrupt.SHUTDOWN if self._progress.first_token is None:
                return Failed("interrupted", RESTARTED, True, self._progress.timings())
            case Interrupt.SHUTDOWN:
                return self._incomplete("interrupted")
            case _:
                return None

    def broken(self) -> Event:
        """The end of an engine that failed for a reason nobody foresaw."""
        if self._progress.first_token is None:
            return Failed("internal", BROKEN, True, self._progress.timings())
        return self._incomplete("internal")

    def _incomplete(self, reason: str) -> Event:
        return Incomplete(reason, self._progress.usage(), self._progress.timings())

    def _failed(self, error: ProviderError) -> Event:
        return Failed(error.code, error.message, error.recoverable, self._progress.timings())


class _Indices:
    """A call counts its parts from 0; the answer may have some already.

    The first text of a call that goes on from a partial answer joins the text it goes on from.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._count = len(prompt.partial)
        self._joins = bool(prompt.partial) and prompt.partial[-1].type == TEXT
        self._ours: dict[int, int] = {}

    def opened(self, event: PartOpened) -> list[Event]:
        if self._joins and event.part.type == TEXT:
            self._joins = False
            self._ours[event.index] = self._count - 1
            return [Delta(self._count - 1, event.part.text)] if event.part.text else []
        self._joins = False
        self._ours[event.index] = self._count
        self._count += 1
        return [PartOpened(self._ours[event.index], event.part)]

    def delta(self, event: Delta) -> Delta:
        index = self._ours[event.index]
        return event if index == event.index else Delta(index, event.text)


def _reason_of(error: ProviderError) -> str:
    return error.code if error.code in ("stalled", "too_long") else "upstream_lost"


def _wait_s(error: ProviderError, call: int) -> float:
    """What the provider asked for, or 0.5, 1, 2 s; jittered so that not all come back at once."""
    backoff: float = 0.5 * 2 ** (call - 1) * random.uniform(0.75, 1.25)  # noqa: S311
    if error.retry_after_s is None:
        return backoff
    return error.retry_after_s + random.uniform(0, 0.25)  # noqa: S311
