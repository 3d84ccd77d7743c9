"""Node: everything of streaming that lives as long as this process does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from .follower import Follower
from .lease import node_name
from .log.base import Entry, Merged
from .log.database import DatabaseLog
from .models import Generation
from .patience import Patience
from .providers.configured import catalogue
from .runner import Runner, in_thread
from .shutdown import shutdown
from .tails import Tails

logger = logging.getLogger(__name__)

#: How soon entries of other processes are noticed when no bell rang.
POLL_S = 0.5


class Node:
    """Log, tails, runner and catalogue of one process, put together."""

    def __init__(self) -> None:
        self.name = node_name()
        self.shutdown = shutdown
        self.catalogue = catalogue()
        self.tails = Tails()
        self.log = DatabaseLog(self.name)
        self.runner = Runner(
            self.name,
            self.log,
            self.tails,
            self.catalogue,
            limit=settings.MAX_GENERATIONS,
            patience=Patience(settings.FIRST_BYTE_TIMEOUT, settings.STALL_TIMEOUT),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From the start of the event loop to the orderly end."""
        await self.log.start()
        jobs = (
            self.runner.sweep(),
            self.runner.tidy(timedelta(hours=settings.KEEP_LOG_HOURS)),
            self._poll(),
            self._refresh_models(),
        )
        work = [asyncio.create_task(job) for job in jobs]
        try:
            yield
        finally:
            await self.runner.drain()
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self.log.stop()
            await self.catalogue.close()

    def follow(
        self, generation: Generation, after: str = "", known: Sequence[Entry] = ()
    ) -> Follower:
        """A reader of a generation that the caller has let somebody see."""
        return Follower(
            self.log,
            self.tails,
            generation.pk,
            generation.key,
            after=after,
            known=known,
            in_thread=sync_to_async,
        )

    async def _poll(self) -> None:
        """Heal lost wake-ups, and follow what other processes write."""
        while True:
            await asyncio.sleep(POLL_S)
            behind = self.tails.behind(self.runner.runs)
            if not behind:
                continue
            try:
                news, gone = await in_thread(self._news, behind)
            except DatabaseError as error:
                logger.warning("the log could not be read: %s", error)
                continue
            for generation_id, entries in news.items():
                self.tails.extend(generation_id, entries)
            for generation_id in gone:
                self.tails.end(generation_id)

    def _news(self, behind: dict[int, int]) -> tuple[dict[int, list[Entry]], list[int]]:
        """Entries behind what is known, one read each; and the generations that are gone."""
        there = set(Generation.objects.filter(pk__in=behind).values_list("pk", flat=True))
        news = {}
        for pk in there:
            # A log that was compacted meanwhile has ended: its readers see to that themselves.
            with suppress(Merged):
                news[pk] = self.log.read(pk, behind[pk])
        return news, [pk for pk in behind if pk not in there]

    async def _refresh_models(self) -> None:
        """Keep the list of models fresh; nobody waits for it."""
        while True:
            await self.catalogue.refresh()
            await asyncio.sleep(60)


_node: Node | None = None


def node() -> Node:
    """This process's node, made when it is first asked for."""
    global _node
    if _node is None:
        _node = Node()
    return _node
