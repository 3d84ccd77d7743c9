"""Any channel layer: beside the data path, and never in its way."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Collection
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

from .base import Bell, Heard, News

logger = logging.getLogger(__name__)

GROUP = "unbroken.bell"
#: How long a layer may take to pass a message on.
SEND_S = 1.0
#: How often it is seen to that the layer works.
PROBE_EVERY_S = 5.0


class ChannelsBell(Bell):
    """One ``group_send`` for each ring at most: what comes while one is under way waits for the
    next. A process without an event loop rings nobody.
    """

    def __init__(self, alias: str = "bell") -> None:
        """``alias``: which of CHANNEL_LAYERS. It is for the bell alone."""
        super().__init__()
        self._alias = alias
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news: News | None = None
        self._sending: asyncio.Task[None] | None = None
        self._own_voice = asyncio.Event()

    def ring(self, news: News) -> None:
        if self._loop is not None and not self._is_broken:
            transaction.on_commit(lambda: self._say_soon(news), robust=True)

    def _say_soon(self, news: News) -> None:
        assert self._loop is not None
        try:
            # An empty context: a request's would keep its database handles open.
            self._loop.call_soon_threadsafe(self._say, news, context=contextvars.Context())
        except RuntimeError:
            logger.debug("the event loop is gone; the poll stands in")

    def _say(self, news: News) -> None:
        self._news = news if self._news is None else self._news | news
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        layer = self._layer()
        while (news := self._news) is not None:
            self._news = None
            try:
                async with asyncio.timeout(SEND_S):
                    await layer.group_send(GROUP, self._message(news))
            except Exception as error:  # noqa: BLE001 - any layer may fail in any way
                self._broken(error)

    async def _hear(self, heard: Heard) -> None:
        self._loop = asyncio.get_running_loop()
        layer = self._layer()
        await _forget_connections(layer)
        async with asyncio.timeout(PROBE_EVERY_S):
            channel = await layer.new_channel("bell")
            await layer.group_add(GROUP, channel)
        self._connected(heard)
        jobs = (self._probe(layer, channel, heard), self._receive(layer, channel, heard))
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(tasks)
        for task in done:
            task.result()

    async def _receive(self, layer: Any, channel: str, heard: Heard) -> None:
        while True:
            message = await layer.receive(channel)
            sender, news = News.read(str(message.get("text", "")))
            if sender != self.name:
                heard(news)
            else:
                self._own_voice.set()

    async def _probe(self, layer: Any, channel: str, heard: Heard) -> None:
        """See now and then that the layer passes on what one says; raise when it does not."""
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            self._own_voice.clear()
            async with asyncio.timeout(PROBE_EVERY_S):
                await layer.group_add(GROUP, channel)  # a layer may have forgotten it
                await layer.group_send(GROUP, self._message(News()))
                await self._own_voice.wait()
            if self._is_broken:
                self._connected(heard)  # something was lost, but the layer is back

    def _message(self, news: News) -> dict[str, str]:
        return {"type": "bell", "text": news.write(self.name)}

    def _layer(self) -> Any:
        layer = get_channel_layer(self._alias)
        if layer is None:
            raise RuntimeError(f"CHANNEL_LAYERS has no {self._alias}")
        return layer


async def _forget_connections(layer: Any) -> None:
    """An outage may have left dead ones. (``flush`` is for layers that keep nothing else.)"""
    forget = getattr(layer, "close_pools", None) or getattr(layer, "flush", None)
    if forget is not None:
        await forget()


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel them until they end: channels_redis may swallow the first time."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # whoever wants to know has it; the other one's matters no more
