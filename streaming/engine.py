"""Engine: one generation from start to terminal event. Provider in, log out.

It has never heard of a response: who reads, how many and how fast makes no difference here.
"""

from __future__ import annotations

import asyncio
import enum
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from .accounts import Timings, Usage
from .events import Delta, Done, Event, Failed, Incomplete, PartOpened, Stopped, Waiting
from .log.base import Claim, Log
from .parts import TEXT
from .prompt import Prompt
from .providers.base import Finished, Output, Provider, ProviderError, UsageReported

#: Calls for one answer before its first token, and the longest wait between two.
MAX_CALLS = 4
LONGEST_WAIT_S = 60.0
#: The engine stops reading while this many characters wait for the database.
MAX_BACKLOG = 1_000_000
#: An answer longer than this is not one that a person reads, in characters.
LONGEST_ANSWER = 20_000_000
#: How long the provider may go on after its end marker (usage comes then), in seconds.
AFTER_THE_END_S = 5.0


RESTARTED = "The server was restarted before the answer had begun. Try again."

GONE = "This model is no longer offered here. Choose another one."
BROKEN = "Something broke on our side, and it was written down. Try again."


class Interrupt(enum.Enum):
    """Why an engine is told to end before its provider is done."""

    STOP = "stopped"
    STALL = "stalled"
    SHUTDOWN = "interrupted"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long no byte may come: before the first one, and after it; and no text at all."""

    first_s: float = 15.0
    next_s: float = 30.0
    silent_s: float = 300.0


@dataclass
class _Progress:
    """What one generation has come to."""

    queued_ms: int
    begun: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    characters: int = 0
    usage: Usage | None = None
    finish: str | None = None


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
        self._progress = _Progress(queued_ms)
        self._indices = _Indices(prompt)
        self._interrupt: Interrupt | None = None
        self._task: asyncio.Task[None] | None = None
        self._last_byte = self._last_text = 0.0
        self._heard = False

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
        if ending is not None:
            self.log.append(self.claim, [ending])
            await self.log.flushed(self.claim)

    @property
    def is_interrupted(self) -> bool:
        return self._interrupt is not None

    def interrupt(self, why: Interrupt, receipt: UUID | None = None) -> None:
        """End now: the upstream call is closed, then the terminal event is written."""
        if not self.is_interrupted:
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
        self._heard = False
        self._last_byte = self._last_text = time.monotonic()
        watch = asyncio.get_running_loop().call_later(self._patience.first_s, self._look)
        self._watch = watch
        try:
            async with (
                asyncio.timeout(None) as self._limit,
                self.provider.stream(self.prompt) as chunks,
            ):
                batches = 0
                async for batch in chunks:
                    self._heard = True
                    self._last_byte = time.monotonic()
                    if batch:
                        await self._take(batch)
                    batches += 1
                    if not batches & 63:
                        # A provider that is always ready must not keep the loop to itself.
                        await asyncio.sleep(0)
        except TimeoutError:
            raise ProviderError(
                "stalled",
                "The model stopped sending. Try again, or choose another model.",
                recoverable=True,
            ) from None
        finally:
            self._watch.cancel()
        if self._progress.finish is None:
            raise ProviderError(
                "upstream_lost",
                "The connection to the model was lost before it had finished. Try again.",
                recoverable=True,
            )

    def _look(self) -> None:
        """The watchdog: one timer a call, however many bytes come."""
        now = time.monotonic()
        patience = self._patience
        limit = patience.next_s if self._heard else patience.first_s
        if self._progress.finish is not None:
            limit = AFTER_THE_END_S
        due = min(self._last_byte + limit, self._last_text + patience.silent_s)
        loop = asyncio.get_running_loop()
        if due <= now:
            self._limit.reschedule(loop.time())
        else:
            self._watch = loop.call_later(due - now, self._look)

    async def _take(self, batch: Sequence[Output]) -> None:
        progress = self._progress
        events: list[Event] = []
        for item in batch:
            if type(item) is Delta:
                events.append(self._indices.delta(item))
                progress.characters += len(item.text)
            elif type(item) is PartOpened:
                events.extend(self._indices.opened(item))
            elif type(item) is UsageReported:
                progress.usage = item.usage
            elif type(item) is Finished:
                progress.finish = item.reason
        if events:
            self._last_text = time.monotonic()
            if progress.first_token is None and progress.characters:
                progress.first_token = self._last_text
            self.log.append(self.claim, events)
            if self.log.backlog(self.claim) > MAX_BACKLOG:
                await self.log.flushed(self.claim)
            if progress.characters > LONGEST_ANSWER:
                progress.finish = "too_long"
                raise ProviderError("too_long", "The answer had no end.", recoverable=False)

    # ------------------------------------------------------------------------ how it ends
    def _finished(self) -> Event:
        reason = self._progress.finish or ""
        if reason in ("length", "content_filter", "too_long"):
            return self._incomplete(reason)
        return Done(reason, self._usage(), self._timings())

    def _interrupted(self) -> Event | None:
        match self._interrupt:
            case Interrupt.STOP:
                return Stopped(str(self.receipt), self._usage(), self._timings())
            case Interrupt.SHUTDOWN if self._progress.first_token is None:
                return Failed("interrupted", RESTARTED, True, self._timings())
            case Interrupt.SHUTDOWN:
                return self._incomplete("interrupted")
            case _:
                return None

    def broken(self) -> Event:
        """The end of an engine that failed for a reason nobody foresaw."""
        if self._progress.first_token is None:
            return Failed("internal", BROKEN, True, self._timings())
        return self._incomplete("internal")

    def _incomplete(self, reason: str) -> Event:
        return Incomplete(reason, self._usage(), self._timings())

    def _failed(self, error: ProviderError) -> Event:
        return Failed(error.code, error.message, error.recoverable, self._timings())

    def _usage(self) -> Usage:
        """The provider's count, or about four characters to a token."""
        if self._progress.usage is not None:
            return self._progress.usage
        return Usage(
            input_tokens=_characters(self.prompt) // 4,
            output_tokens=-(-self._progress.characters // 4),
            exact=False,
        )

    def _timings(self) -> Timings:
        progress = self._progress
        now = time.monotonic()
        queued = progress.queued_ms
        first = progress.first_token
        rate = None
        if first is not None and now > first:
            rate = round(self._usage().output_tokens / (now - first), 2)
        return Timings(
            queued_ms=queued,
            first_token_ms=None if first is None else queued + int((first - progress.begun) * 1000),
            total_ms=queued + int((now - progress.begun) * 1000),
            tokens_per_second=rate,
        )


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


def _characters(prompt: Prompt) -> int:
    return len(prompt.system) + sum(len(part.text) for turn in prompt.turns for part in turn.parts)
