"""Node: everything of streaming that lives as long as this process does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from asgiref.sync import sync_to_async
from django.conf import settings

from .bells import bell
from .follower import Follower
from .lease import node_name
from .log.base import Entry
from .log.database import DatabaseLog
from .models import Generation
from .patience import Patience, Patiences
from .poll import Poll
from .providers.configured import catalogue
from .runner import Runner
from .shutdown import shutdown
from .tails import Tails

logger = logging.getLogger(__name__)


class Node:
    """Log, tails, runner, bell, poll and catalogue of one process, put together."""

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
            limit=settings.MAX_GENERATIONS if settings.RUN_GENERATIONS else 0,
            patience=Patiences(
                Patience(settings.FIRST_BYTE_TIMEOUT, settings.STALL_TIMEOUT),
                settings.THINKING_TIMEOUT,
                settings.PATIENCE_BY_MODEL,
            ),
            goes_on=settings.ON_CRASH == "finish",
        )
        self.catalogue.first = self.runner.caught_up
        self.bell = bell()
        self.poll = Poll(self.tails, self.runner)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From the start of the event loop to the orderly end."""
        await self.log.start()
        jobs = (
            self.runner.sweep,
            partial(self.runner.tidy, timedelta(hours=settings.KEEP_LOG_HOURS)),
            self.poll.run,
            partial(self.bell.listen, self.poll.heard),
            self._refresh_models,
        )
        work = [asyncio.create_task(_keep_at(job)) for job in jobs]
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

    async def _refresh_models(self) -> None:
        """Keep the list of models fresh; nobody waits for it."""
        while True:
            await self.catalogue.refresh()
            await asyncio.sleep(60)


async def _keep_at(job: Callable[[], Awaitable[None]]) -> None:
    """See it through. One that fails for a reason nobody foresaw is begun again."""
    while True:
        try:
            return await job()
        except Exception:
            logger.exception("%s failed and begins again", job)
            await asyncio.sleep(1)


_node: Node | None = None


def node() -> Node:
    """This process's node, made when it is first asked for."""
    global _node
    if _node is None:
        _node = Node()
    return _node
