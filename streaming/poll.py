"""Poll: what other processes wrote, read when a bell rang, and every half second without one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.db import connection

from .bells.base import EVERYTHING, News
from .log.behind import Behind, read_behind
from .log.outage import AWAY, in_words
from .models import Generation
from .runner import Runner
from .tails import Tails

logger = logging.getLogger(__name__)

#: How soon news is noticed when no bell rang.
POLL_S = 0.5
#: At least so long between two reads: what is rung meanwhile shares the next one.
PACE_S = 0.005


class Poll:
    """Wakes the followers of what runs elsewhere, and tells the runner of work and of stops.

    It has a thread and a connection of its own, so that nothing slow stands in its way.
    """

    def __init__(self, tails: Tails, runner: Runner) -> None:
        self._tails = tails
        self._runner = runner
        self._news = News()
        self._rung = asyncio.Event()
        self._thread: ThreadPoolExecutor | None = None
        self._is_broken = False
        self._due = 0.0

    def heard(self, news: News) -> None:
        """A bell rang. On the event loop."""
        if news.work or news.everything:
            self._runner.look()
        self._news |= news
        self._rung.set()

    async def run(self) -> None:
        """For as long as this process lives."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="poll")
        try:
            while True:
                news = await self._next()
                try:
                    await self._look(news)
                    self._is_broken = False
                except AWAY as error:
                    self._news |= news
                    self._complain(error)
                    await asyncio.sleep(POLL_S)
                await asyncio.sleep(PACE_S)
        finally:
            self._thread.submit(connection.close)
            self._thread.shutdown(wait=False)

    async def _next(self) -> News:
        """What was rung, or everything when it is time to look at everything."""
        try:
            async with asyncio.timeout(max(0.0, self._due - time.monotonic())):
                await self._rung.wait()
        except TimeoutError:
            pass  # what is due is due as well while a bell rings without end, and nothing waits
        if time.monotonic() >= self._due:
            self._news = EVERYTHING
        self._rung.clear()
        news, self._news = self._news, News()
        if news.everything:
            self._due = time.monotonic() + POLL_S
        return news

    async def _look(self, news: News) -> None:
        """Everything is what somebody here waits for. (Stops of what runs here are read with
        every commit and every renewal of its lease besides.)
        """
        runs = self._runner.runs
        rung = {*news.logs, *self._tails.waiting()} if news.everything else news.logs
        if known := self._tails.behind(runs, rung):
            self._tell(await self._in_thread(read_behind, known))
        if stops := [pk for pk in news.stops if runs(pk)]:
            asked, gone = await self._in_thread(stop_requests, stops)
            for pk, receipt in asked.items():
                self._runner.stop_soon(pk, receipt)
            for pk in gone:
                self._runner.drop(pk)

    def _tell(self, behind: Behind) -> None:
        for pk, entries in behind.news.items():
            self._tails.extend(pk, entries)
        for pk in behind.lost:
            self._tails.lose(pk)
        for pk in behind.gone:
            self._tails.end(pk)
        if behind.more:
            self.heard(News(logs=frozenset(behind.more)))

    async def _in_thread(self, function: Any, ids: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, _with_a_connection, function, ids
        )

    def _complain(self, error: Exception) -> None:
        if not self._is_broken:
            self._is_broken = True
            logger.warning("news could not be read, trying again: %s", in_words(error))


def _with_a_connection(function: Callable[[Any], Any], ids: Any) -> Any:
    """Call it; a connection that failed is not kept."""
    try:
        return function(ids)
    except AWAY:
        connection.close()
        raise


def stop_requests(ids: Collection[int]) -> tuple[dict[int, UUID], set[int]]:
    """The receipts of those among them that somebody asked to stop; and those that are gone."""
    there = dict(Generation.objects.filter(pk__in=ids).values_list("pk", "stop_receipt"))
    asked = {pk: receipt for pk, receipt in there.items() if receipt is not None}
    return asked, set(ids) - there.keys()
