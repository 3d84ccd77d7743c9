"""Runner: where engines live. Tasks of this process that no request owns."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from . import generations, lease
from .catalogue import Catalogue
from .engine import Engine, Interrupt
from .log.base import Claim, Entry, Fenced, Log, Watcher
from .models import Generation
from .patience import Patience
from .prompt import Prompt
from .tails import Tails

logger = logging.getLogger(__name__)

#: How often the runner looks for work that nobody told it of.
SWEEP_S = 1.0
#: How often it looks for logs to make small.
TIDY_S = 60.0
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
        patience: Patience,
    ) -> None:
        self.node = node
        self.limit = limit
        self._log = log
        self._tails = tails
        self._catalogue = catalogue
        self._patience = patience
        self._engines: dict[int, Engine] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._draining = False
        self._lock = threading.Lock()
        self._reserved = 0
        self._others_wait = False
        self._loop: asyncio.AbstractEventLoop | None = None
        log.watcher = self

    # -------------------------------------------------------------------------- its work
    def __len__(self) -> int:
        """How many generations run here."""
        return len(self._engines)

    def runs(self, generation_id: int) -> bool:
        return generation_id in self._engines

    @property
    def room(self) -> int:
        """How many more may run here."""
        return 0 if self._draining else self.limit - len(self) - self._reserved

    def reserve(self, queued: bool = False) -> str:
        """Keep a place, from any thread: the name to claim a generation for, empty when there is
        none, or none for who comes now because others wait (those are ``queued``). What is not
        launched then must be given back."""
        with self._lock:
            if self.room <= 0 or (self._others_wait and not queued):
                return ""
            self._reserved += 1
            return self.node

    def give_back(self, owner: str) -> None:
        """A place that :meth:`reserve` kept is not needed."""
        with self._lock:
            self._reserved -= owner == self.node

    def launch(self, begun: generations.Begun) -> None:
        """Run what was just begun for this node, or look at the queue soon."""
        if begun.claim is None:
            self._others_wait = True
            self._look.set()
        else:
            self._launch(begun.claim, begun.prompt, queued_ms=0)

    def launch_soon(self, begun: generations.Begun) -> None:
        """As :meth:`launch`, from any thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self.launch, begun)

    def _launch(self, claim: Claim, prompt: Prompt, queued_ms: int) -> None:
        engine = Engine(
            self._log,
            claim,
            prompt,
            self._catalogue.provider(prompt.model),
            patience=self._patience,
            queued_ms=queued_ms,
        )
        self._engines[claim.generation_id] = engine
        self.give_back(self.node)
        if self._draining:
            engine.interrupt(Interrupt.SHUTDOWN)
        self._log.open(claim)
        self._detach(self._run(engine))

    def _detach(self, work: Coroutine[Any, Any, None]) -> None:
        # A fresh context: the request's would keep its database handles open for as long.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, engine: Engine) -> None:
        claim = engine.claim
        parts = None
        try:
            await engine.run()
            parts = engine.parts
        except Fenced:
            logger.warning("generation %s was taken over; this node wrote no more", claim.key)
        except Exception:
            # An engine that fails for a reason nobody foresaw must not leave its answer open.
            logger.exception("generation %s failed", claim.key)
            await self._close_honestly(engine)
        finally:
            was_full = len(self) >= self.limit
            self._engines.pop(claim.generation_id, None)
            engine.ended.set()
            self._log.close(claim)
            if was_full:
                self._look.set()
        await in_thread(generations.announce_end, claim.generation_id, parts)

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
            engine.interrupt(Interrupt.FENCED)
        self._tails.end(generation_id)

    # ------------------------------------------------------------------- what the log says
    def committed(self, claim: Claim, entries: list[Entry]) -> None:
        self._tails.extend(claim.generation_id, entries)

    def fenced(self, claim: Claim) -> None:
        if (engine := self._engines.get(claim.generation_id)) is not None:
            engine.interrupt(Interrupt.FENCED)

    def stop_requested(self, claim: Claim, receipt: UUID) -> None:
        self.stop_soon(claim.generation_id, receipt)

    # ------------------------------------------------------------- work that others left
    async def sweep(self) -> None:
        """For as long as this process lives: start what waits, end what was left behind."""
        self._loop = asyncio.get_running_loop()
        await in_thread(lease.free_the_dead, self.node)
        while not self._draining:
            try:
                await self._sweep()
            except DatabaseError as error:
                logger.warning("the queue could not be read: %s", error)
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._look.wait()
            except TimeoutError:
                continue
            self._look.clear()

    async def _sweep(self) -> None:
        for generation_id in await in_thread(_ids, lease.orphans()):
            # Our own are late when the database was; the writer renews them first thing.
            if not self.runs(generation_id):
                await self._see_to(generation_id, self._end_orphan(generation_id))
        waiting = await in_thread(_ids, lease.waiting()[: max(self.room, 0) + 1])
        self._others_wait = bool(waiting)
        for generation_id in waiting:
            if owner := self.reserve(queued=True):
                await self._see_to(generation_id, self._take_from_queue(generation_id, owner))
        if waiting and self.room > 0:
            self._look.set()  # to see whether that was all

    async def _see_to(self, generation_id: int, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except DatabaseError:
            raise
        except Exception:
            # One that cannot be taken must not keep the others waiting for ever.
            logger.exception("generation %s could not be taken", generation_id)

    async def _end_orphan(self, generation_id: int) -> None:
        await in_thread(generations.end_unclaimed, generation_id, self.node)

    async def _take_from_queue(self, generation_id: int, owner: str) -> None:
        try:
            taken = await in_thread(_take, generation_id, owner)
        except BaseException:
            self.give_back(owner)
            raise
        if taken is None:
            self.give_back(owner)
            return
        claim, prompt, labels, waited_ms = taken
        self._log.append(claim, generations.opening(prompt, labels))
        self._launch(claim, prompt, queued_ms=waited_ms)

    async def tidy(self, keep: timedelta) -> None:
        """For as long as this process lives: make the logs of long finished answers small."""
        while True:
            await asyncio.sleep(TIDY_S)
            try:
                settled = lease.settled(timezone.now() - keep)[:100]
                for generation_id in await in_thread(_ids, settled):
                    await in_thread(generations.compact, generation_id)
            except DatabaseError as error:
                logger.warning("logs were not compacted: %s", error)

    async def drain(self) -> None:
        """Take no more work; end what runs, keeping its text."""
        self._draining = True
        self._look.set()
        for engine in self._engines.values():
            engine.interrupt(Interrupt.SHUTDOWN)
        if self._tasks:
            await asyncio.wait(self._tasks)


async def in_thread(function: Any, *args: Any) -> Any:
    """Run something that may wait for the database, with a connection that is alive."""

    def work() -> Any:
        close_old_connections()
        return function(*args)

    return await sync_to_async(work)()


def _ids(queryset: Any) -> list[int]:
    return list(queryset.values_list("pk", flat=True))


def _take(generation_id: int, owner: str) -> tuple[Claim, Prompt, dict[str, str], int] | None:
    """Claim one that waits: with its prompt, its labels and for how many ms it waited."""
    with transaction.atomic():
        claim = lease.claim(generation_id, owner)
        if claim is None:
            return None
        generation = Generation.objects.get(pk=generation_id)
        waited = timezone.now() - generation.created_at
        prompt = Prompt.from_json(generation.prompt)
        return claim, prompt, generation.labels, max(0, int(waited.total_seconds() * 1000))
