"""Runner: where engines live. Tasks of this process that no request owns."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from . import generations, lease
from .catalogue import Catalogue
from .engine import Engine, Interrupt
from .log.base import Claim, Entry, Fenced, Log, Watcher
from .log.outage import AWAY
from .patience import Patience, Patiences
from .places import Places
from .progress import Earlier
from .prompt import Prompt
from .queue import Queue, ids, in_thread
from .tails import Tails
from .takeover import Taken

logger = logging.getLogger(__name__)

#: How often the runner looks for logs to make small.
TIDY_S = 60.0
#: How long the end of this process waits for what runs to be stored and handed over, in seconds.
DRAIN_S = 8.0
#: How long others wait for what was left behind to go on, in seconds.
CATCH_UP_S = 3.0
#: How long a stop call waits to see the end, in seconds.
STOPPED_S = 2.0


class Runner(Watcher):
    """Runs generations, at most ``limit`` at once; the others wait their turn in the database."""

    def __init__(
        self,
        node: str,
        log: Log,
        tails: Tails,
        catalogue: Catalogue,
        limit: int,
        patience: Patiences,
        goes_on: bool = True,
    ) -> None:
        """``goes_on``: whether an answer that broke off, or whose process ended, is finished."""
        self.node = node
        self._log = log
        self._tails = tails
        self._catalogue = catalogue
        self._patience = patience
        self._goes_on = goes_on
        self._engines: dict[int, Engine] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._unreleased: list[Claim] = []
        self._releasing = asyncio.Lock()
        self._places = Places(node, limit, self.__len__)
        self._queue = Queue(node, self._places, goes_on=goes_on, runs=self.runs, run=self._take_on)
        self._loop: asyncio.AbstractEventLoop | None = None
        log.watcher = self

    # -------------------------------------------------------------------------- its work
    def __len__(self) -> int:
        """How many generations run here."""
        return len(self._engines)

    def runs(self, generation_id: int) -> bool:
        return generation_id in self._engines

    @property
    def limit(self) -> int:
        """How many may run here; 0 where all is left to other processes."""
        return self._places.limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._places.limit = limit

    @property
    def room(self) -> int:
        """How many more may run here."""
        return self._places.free

    def reserve(self) -> str:
        """See :meth:`Places.reserve`."""
        return self._places.reserve()

    def give_back(self, owner: str) -> None:
        """See :meth:`Places.give_back`."""
        self._places.give_back(owner)

    def launch(self, begun: generations.Begun) -> None:
        """Run what was just begun for this node, or look at the queue soon."""
        if begun.claim is None:
            self._places.others_wait = True
            self.look()
        else:
            earlier = Earlier(begun.prompt.partial)
            self._launch(begun.claim, begun.prompt, begun.generation.labels, earlier)

    def launch_soon(self, begun: generations.Begun) -> None:
        """As :meth:`launch`, from any thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self.launch, begun)

    def look(self) -> None:
        """There may be work: see soon."""
        self._queue.look()

    def _take_on(self, taken: Taken) -> None:
        if taken.earlier.attempt > 1:
            logger.info("generation %s goes on, run %s", taken.claim.key, taken.earlier.attempt)
        self._log.append(taken.claim, taken.opening)
        self._launch(taken.claim, taken.prompt, taken.labels, taken.earlier)

    def _launch(
        self, claim: Claim, prompt: Prompt, labels: dict[str, str], earlier: Earlier
    ) -> None:
        engine = Engine(
            self._log,
            claim,
            prompt,
            self._catalogue.provider(prompt.model),
            labels=labels,
            patience=partial(self._patience_with, prompt.model),
            earlier=earlier,
            goes_on=self._goes_on,
        )
        self._engines[claim.generation_id] = engine
        self.give_back(self.node)
        if self._draining:
            engine.interrupt(self._why())
        self._log.open(claim)
        self._detach(self._run(engine))

    def _patience_with(self, model_id: str) -> Patience:
        model = self._catalogue.known(model_id)
        thinks = model is not None and bool(model.capabilities.get("reasoning"))
        return self._patience.of(model_id, thinks)

    def _detach(self, work: Coroutine[Any, Any, None]) -> None:
        # A fresh context: the request's would keep its database handles open for as long.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, engine: Engine) -> None:
        claim = engine.claim
        try:
            await engine.run()
        except Fenced:
            logger.warning("generation %s was taken over; this node wrote no more", claim.key)
        except Exception:
            # An engine that fails for a reason nobody foresaw must not leave its answer open.
            logger.exception("generation %s failed", claim.key)
            await self._close_honestly(engine)
        finally:
            were_taken = self._places.are_taken
            self._engines.pop(claim.generation_id, None)
            engine.spoken.set()
            engine.ended.set()
            self._log.close(claim)
            if were_taken:
                self.look()
        if engine.is_handed_over:
            await self._release(claim)
            return
        await engine.cancel_unwanted()

    async def _release(self, claim: Claim) -> None:
        """Hand it over, with all that came to be while the last ones were."""
        self._unreleased.append(claim)
        async with self._releasing:
            claims, self._unreleased = self._unreleased, []
            if not claims:
                return
            try:
                await in_thread(lease.release, claims, self.node)
            except AWAY as error:
                logger.warning("%s answers are left to their leases: %s", len(claims), error)

    async def _close_honestly(self, engine: Engine) -> None:
        self._log.append(engine.claim, [engine.broken()])
        try:
            await self._log.flushed(engine.claim)
        except Fenced:
            logger.warning("generation %s was taken over", engine.claim.key)

    async def stop(self, generation_id: int, receipt: UUID) -> bool:
        """Stop it if it runs here. The receipt goes into its ``stopped`` event.

        Waits a little for the end; whether it has come.
        """
        self.stop_soon(generation_id, receipt)
        if (engine := self._engines.get(generation_id)) is None:
            return True
        try:
            async with asyncio.timeout(STOPPED_S):
                await engine.ended.wait()
        except TimeoutError:
            return False
        return True

    def stop_soon(self, generation_id: int, receipt: UUID) -> None:
        if (engine := self._engines.get(generation_id)) is not None:
            engine.interrupt(Interrupt.STOP, receipt)

    def drop(self, generation_id: int) -> None:
        """Its conversation is gone: close the upstream call and forget it."""
        if (engine := self._engines.get(generation_id)) is not None:
            engine.interrupt(Interrupt.DROP)
        self._tails.end(generation_id)

    # ------------------------------------------------------------------- what the log says
    def committed(self, claim: Claim, entries: list[Entry]) -> None:
        self._tails.extend(claim.generation_id, entries)

    def fenced(self, claim: Claim) -> None:
        engine = self._engines.get(claim.generation_id)
        if engine is not None and engine.claim is claim:
            engine.interrupt(Interrupt.FENCED)

    def stop_requested(self, claim: Claim, receipt: UUID) -> None:
        self.stop_soon(claim.generation_id, receipt)

    # ------------------------------------------------------------- work that others left
    async def sweep(self) -> None:
        """For as long as this process lives: start what waits, go on with what was left behind."""
        self._loop = asyncio.get_running_loop()
        if self.limit:  # else other processes run what is asked for here
            await self._queue.sweep()

    async def caught_up(self) -> None:
        """Wait until what a predecessor left behind goes on; not for ever.

        A vendor's SDK takes a second of this process's time to load, and so much less is left
        for the answers that somebody waits for.
        """
        if not self.limit or self._loop is None:
            return  # nothing is run here, or not yet
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                await self._queue.swept.wait()
                for engine in list(self._engines.values()):
                    await engine.spoken.wait()

    async def tidy(self, keep: timedelta) -> None:
        """For as long as this process lives: make the logs of long finished answers small."""
        while True:
            await asyncio.sleep(TIDY_S)
            try:
                settled = lease.settled(timezone.now() - keep)[:100]
                for generation_id in await in_thread(ids, settled):
                    await in_thread(generations.compact, generation_id)
            except DatabaseError as error:
                logger.warning("logs were not compacted: %s", error)

    async def drain(self) -> None:
        """Take no more work; hand over what runs, or end it with its text."""
        self._draining = True
        self._places.close()
        self._queue.close()
        for engine in self._engines.values():
            engine.interrupt(self._why())
        ends_at = asyncio.get_running_loop().time() + DRAIN_S
        await self._queue.closed(DRAIN_S)  # what is being claimed is handed over, too
        if not self._tasks:
            return
        left_s = max(0.0, ends_at - asyncio.get_running_loop().time())
        _, late = await asyncio.wait(self._tasks, timeout=left_s)
        if late:
            # The database does not answer: what was not written was not shown either.
            logger.warning("%s answers were left to their leases", len(late))
            for task in late:
                task.cancel()

    def _why(self) -> Interrupt:
        return Interrupt.HAND_OVER if self._goes_on else Interrupt.SHUTDOWN
