"""Django's ASGI handler, with a few threads for all requests instead of one for each."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase

#: When every thread has been at one call for so long, nothing that needs one is begun, in seconds.
STUCK_S = 8.0

#: The two tasks that Django makes for a request.
_tasks: ContextVar[set[asyncio.Task[Any]]] = ContextVar("tasks")


class Stripe(ThreadPoolExecutor):
    """One thread, and with it one database connection, that many requests share."""

    def __init__(self, name: str) -> None:
        super().__init__(max_workers=1, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._calls = 0
        self._moved_at = 0.0
        #: A request has come since the last call: what it finds open may be broken by now.
        self.has_news = False

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._count(1)
        if self.has_news:
            self.has_news = False
            super().submit(close_old_connections)
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(lambda _: self._count(-1))
        return future

    def _count(self, change: int) -> None:
        with self._lock:
            if change < 0 or not self._calls:
                self._moved_at = time.monotonic()
            self._calls += change

    @property
    def load(self) -> tuple[int, float]:
        """Calls that have not returned, and among equals, which has been at it for longer."""
        with self._lock:
            return self._calls, time.monotonic() - self._moved_at if self._calls else 0.0


class Handler(ASGIHandler):
    """A request keeps to one of a few threads, the least loaded when it comes.

    Stock Django makes a thread for every request that calls anything synchronous and keeps it as
    long as the response is open. A task that is to outlive its response must not inherit the
    request's context, where asgiref refuses its synchronous calls then: give it an empty one.
    """

    def __init__(self, threads: int = 4) -> None:
        super().__init__()
        self._stripes = deque(Stripe(f"requests-{number}") for number in range(threads))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError(f"Django answers HTTP, not {scope['type']}.")
        self._stripes.rotate()  # among equals, another one each time
        stripe = min(self._stripes, key=lambda stripe: stripe.load)
        stripe.has_news = True
        scope["stuck"] = min(stripe.load[1] for stripe in self._stripes) > STUCK_S
        async with ThreadSensitiveContext(executor=stripe):
            await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Django's own, which leaves both its tasks running when it is cancelled."""
        tasks: set[asyncio.Task[Any]] = set()
        _tasks.set(tasks)
        try:
            await super().handle(scope, receive, send)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, HttpResponseBase):
                    await sync_to_async(ended.close)()
                    break
            else:
                await signals.request_finished.asend(sender=self.__class__)
            raise

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Django's own, which leaves an abandoned stream to the garbage collector: it would be
        closed some time later, in another task and context.
        """
        try:
            await super().send_response(response, send)
        finally:
            stream = getattr(response, "_iterator", None)
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    async def listen_for_disconnect(self, receive: Any) -> None:
        _register()
        await super().listen_for_disconnect(receive)

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        _register()
        return await super().run_get_response(request)


def is_stuck(request: Any) -> bool:
    """Whether no thread was to be had for this request, nor will be soon: for the database."""
    return bool(request.scope.get("stuck")) if hasattr(request, "scope") else False


def _register() -> None:
    task = asyncio.current_task()
    assert task is not None
    _tasks.get().add(task)
