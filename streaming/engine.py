"""Engine: one answer from where it stands to its terminal event. Provider in, log out.

It has never heard of a response: who reads, how many and how fast makes no difference here.

A call that fails before it said anything is made again, after a while, with a ``waiting`` event.
One that is lost after it said something is never repeated but gone on with, as a run of its own
(``started`` with the next ``attempt``): by the provider's cursor where it gave one, else by asking
for the rest (:mod:`.splice`).
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from .endings import BROKEN, GONE, LOST, STALLED, interrupted
from .events import Delta, Done, Event, Failed, Incomplete, PartOpened, Started, Stopped, Waiting
from .log.base import Claim, Fenced, Log
from .parts import REFUSAL, Part, length
from .patience import BUSY, LONGEST_WAIT_S, MAX_CALLS, MAX_LOSSES, Patience, Watch, wait_s
from .progress import Earlier, Progress
from .prompt import Prompt
from .providers.base import Finished, Output, Provider, ProviderError, Resumable, UsageReported
from .splice import Splice

#: An answer longer than this is not one that a person reads, in characters.
LONGEST_ANSWER = 20_000_000


class Interrupt(enum.Enum):
    """Why an engine is told to end before its provider is done."""

    STOP = "stopped"
    #: This process ends, and what it runs ends with it.
    SHUTDOWN = "interrupted"
    #: This process ends, and another one goes on.
    HAND_OVER = "handed over"
    FENCED = "fenced"
    #: Nobody wants it any more, and its log is gone.
    DROP = "dropped"


class Engine:
    def __init__(
        self,
        log: Log,
        claim: Claim,
        prompt: Prompt,
        provider: Provider | None,
        *,
        labels: Mapping[str, str] | None = None,
        patience: Callable[[], Patience] = Patience,
        earlier: Earlier | None = None,
        goes_on: bool = True,
    ) -> None:
        """``patience``: with each call, by what is known of its model by then. ``goes_on``:
        whether an answer that broke off is gone on with; else it is incomplete."""
        self.log = log
        self.claim = claim
        self.prompt, self.provider = prompt, provider
        self.receipt: UUID | None = None
        earlier = earlier or Earlier(prompt.partial)
        self._labels = dict(labels or {})
        self._patience, self._goes_on = patience, goes_on
        self._progress = Progress(prompt, earlier)
        self._splice = Splice(earlier.parts)
        self._attempt, self._losses = earlier.attempt, earlier.losses
        #: What was kept of the call that can be gone on with, empty when there is none: here, and
        #: in the log.
        self._resume = self._stored = earlier.resume
        #: What names the call under way, also where it cannot be gone on with.
        self._cursor = self._splice.restore(self._resume) if self._resume else ""
        #: Whether this call goes on with an earlier one, and whether it has shown anything; and
        #: whether any call of this answer has.
        self._resumes = self._shown = False
        self._said = length(earlier.parts) > length(prompt.partial)
        self._characters = 0
        self._interrupt: Interrupt | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_decided = False
        #: Whether another process is to go on with it, once :meth:`run` has returned.
        self.is_handed_over = False
        #: Set when this run says something; and, by whoever runs it, when nothing is left to do.
        self.spoken, self.ended = asyncio.Event(), asyncio.Event()

    @property
    def parts(self) -> list[Part]:
        """What the log tells of the answer's parts, once :meth:`run` has returned."""
        return self._splice.parts

    async def run(self) -> None:
        """Until the terminal event is committed, or (:attr:`is_handed_over`) all that there is.

        Raises ``Fenced`` when others took over.
        """
        self._task = asyncio.current_task()
        ending: Event | None
        try:
            ending = self._interrupted() if self._interrupt else await self._converse()
        except asyncio.CancelledError:
            if self._interrupt is None:
                raise
            ending = self._interrupted()
        self._is_decided = True
        self.is_handed_over = ending is None and self._interrupt is Interrupt.HAND_OVER
        if ending is not None:
            self.log.append(self.claim, [ending], parts=self._splice.parts)
        elif not self.is_handed_over:
            raise Fenced(str(self.claim.key))
        await self.log.flushed(self.claim)

    def interrupt(self, why: Interrupt, receipt: UUID | None = None) -> None:
        """End now: the upstream call is closed, then the terminal event is written.

        Too late when the end is decided and on its way to the database.
        """
        if self._interrupt is None and not self._is_decided:
            self._interrupt = why
            self.receipt = receipt
            if self._task is not None:
                self._task.cancel()

    async def cancel_unwanted(self) -> None:
        """Tell a provider that works on without us that a person has stopped the answer."""
        if self._interrupt in (Interrupt.STOP, Interrupt.DROP) and self._cursor and self.provider:
            await self.provider.cancel(self._cursor)

    # ---------------------------------------------------------------------- call after call
    async def _converse(self) -> Event:
        """Call until the answer is whole, or there is no use in calling again."""
        if self.provider is None:
            return self._given_up(ProviderError("model_not_found", GONE, recoverable=False))
        calls = 0
        while True:
            calls += 1
            try:
                await self._call(self.provider)
            except ProviderError as error:
                if self._progress.finish is not None:
                    return self._finished()
                if not error.recoverable and not self._resumes:
                    self._resume = self._cursor = ""  # it failed for good
                if not self._resume:
                    self._progress.close(error.code)
                if self._shown:
                    if not await self._begins_again(error):
                        return self._given_up(error)
                    calls = 0
                elif self._resumes and not error.recoverable:
                    self._resume = self._cursor = ""  # that call is gone: ask for the rest
                    self._progress.close()
                elif not await self._waits(error, calls):
                    return self._given_up(error)
            else:
                return self._finished()

    async def _waits(self, error: ProviderError, calls: int) -> bool:
        """Whether the same call may be made again, once this has returned."""
        seconds = wait_s(error, calls)
        if not error.recoverable or calls >= MAX_CALLS or seconds > LONGEST_WAIT_S:
            return False
        self.log.append(self.claim, [Waiting(error.code, int(seconds * 1000))])
        await self.log.flushed(self.claim)  # who was paused beyond its lease calls nobody
        await asyncio.sleep(seconds)
        return True

    async def _begins_again(self, error: ProviderError) -> bool:
        """Whether a new run goes on with what is there, once this has returned."""
        if not (self._goes_on and error.recoverable) or self._losses + 1 >= MAX_LOSSES:
            return False
        if any(part.type == REFUSAL and part.text for part in self._splice.parts):
            return False  # there is no going on with a refusal
        if error.code in BUSY and not await self._waits(error, 1):
            return False
        self._losses += 1
        self._attempt += 1
        started = Started(self.prompt.model, self._attempt, self._labels)
        self.log.append(self.claim, [started], resume=self._resume)
        self._stored = self._resume
        await self.log.flushed(self.claim)
        return True

    async def _call(self, provider: Provider) -> None:
        """One upstream call. Returns when the provider said that it was finished."""
        self._shown, self._resumes, self._cursor = False, bool(self._resume), ""
        if self._resumes:
            self._cursor = self._splice.restore(self._resume)
        else:
            self._splice.begin(self._attempt)
        prompt = replace(self.prompt, partial=tuple(self._splice.parts))
        self._progress.begin(prompt.partial, resumed=self._resumes)
        try:
            async with asyncio.timeout(None) as limit:
                watch = Watch(self._patience(), lambda: limit.reschedule(0))
                try:
                    async with provider.stream(prompt, self._cursor) as chunks:
                        await self._listen(chunks, watch)
                finally:
                    watch.close()
        except TimeoutError:
            raise ProviderError("stalled", STALLED, recoverable=True) from None
        if self._progress.finish is None:
            raise ProviderError("upstream_lost", LOST, recoverable=True)

    async def _listen(self, chunks: AsyncIterator[Sequence[Output]], watch: Watch) -> None:
        self._progress.is_accepted()
        count = 0
        async for batch in chunks:
            watch.heard()
            if batch and self._take(batch):
                watch.spoke()
                if self.log.is_behind(self.claim):
                    with watch.paused():
                        await self.log.flushed(self.claim)
            if self._progress.finish is not None:
                watch.finished()
            count += 1
            if not count & 63:
                # A provider that is always ready must not keep the loop to itself.
                await asyncio.sleep(0)

    def _take(self, batch: Sequence[Output]) -> bool:
        """Hand over what came; whether the provider said anything."""
        progress, events, spoke = self._progress, list[Event](), False
        cursor = None
        for item in batch:
            if type(item) is Delta:
                spoke = True
                self._characters += len(item.text)
                progress.received(len(item.text))
                events += self._splice.take(item)
            elif type(item) is PartOpened:
                spoke = True
                events += self._splice.take(item)
            elif type(item) is UsageReported:
                progress.is_reported(item.usage)
            elif type(item) is Resumable:
                cursor = self._cursor = item.cursor
            elif type(item) is Finished:
                progress.finish = item.reason
                events += self._splice.end()
        self._write(events, cursor)
        if self._characters > LONGEST_ANSWER:
            progress.finish = "too_long"
            raise ProviderError("too_long", "The answer had no end.", recoverable=False)
        return spoke

    def _write(self, events: Sequence[Event], cursor: str | None) -> None:
        """Append, with where to go on behind it: nowhere, if the provider did not say."""
        kept = self._splice.keep(cursor) if cursor is not None else ""
        if kept or events:
            self._resume = kept
        if not events:
            return
        resume = kept if kept or self._stored else None
        self._stored = kept
        self._shown = True
        if self._progress.first_token is None and self._characters:
            self._said = True
            self._progress.first_token = time.monotonic()
            self.spoken.set()
        self.log.append(self.claim, events, resume=resume)

    # ------------------------------------------------------------------------ how it ends
    def _finished(self) -> Event:
        reason = self._progress.finish or ""
        self._progress.is_finished(by_itself=reason != "too_long")
        if reason in ("length", "content_filter", "too_long"):
            return self._incomplete(reason)
        return Done(reason, self._progress.usage(), self._progress.timings())

    def _interrupted(self) -> Event | None:
        match self._interrupt:
            case Interrupt.SHUTDOWN | Interrupt.HAND_OVER if self._progress.finish is not None:
                return self._finished()
            case Interrupt.STOP:
                return Stopped(str(self.receipt), self._progress.usage(), self._progress.timings())
            case Interrupt.SHUTDOWN:
                return interrupted(self._said, self._progress.usage(), self._progress.timings())
            case _:
                return None

    def broken(self) -> Event:
        """The end of an engine that failed for a reason nobody foresaw."""
        if not self._said:
            return Failed("internal", BROKEN, True, self._progress.timings())
        return self._incomplete("internal")

    def _given_up(self, error: ProviderError) -> Event:
        if self._said:
            return self._incomplete("stalled" if error.code == "stalled" else "upstream_lost")
        return Failed(error.code, error.message, error.recoverable, self._progress.timings())

    def _incomplete(self, reason: str) -> Event:
        return Incomplete(reason, self._progress.usage(), self._progress.timings())
