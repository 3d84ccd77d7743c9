"""A Django site of a few views, without database or settings file."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from chatsite.handler import Handler

seen: Counter[str] = Counter()
errors: list[str] = []
release = threading.Event()
tasks: set[asyncio.Task[None]] = set()


def count(what: str) -> None:
    seen[what] += 1


async def events() -> AsyncIterator[str]:
    seen["opened"] += 1
    try:
        while True:
            yield "data: more\n\n"
            await asyncio.sleep(0.05)
    finally:
        await sync_to_async(count)("closed")
        print("closed", flush=True)


async def flood() -> AsyncIterator[bytes]:
    task = asyncio.current_task()
    seen["opened"] += 1
    try:
        while True:
            yield b"more" * 4096
    finally:
        same = asyncio.current_task() is task
        await sync_to_async(count)("closed in its task" if same else "closed elsewhere")


async def pour(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(flood())


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    await sync_to_async(count)("queried")
    return StreamingHttpResponse(events(), content_type="text/event-stream")


def thread(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.current_thread().name)


def block(request: HttpRequest) -> HttpResponse:
    seen["blocked"] += 1
    release.wait()
    return HttpResponse("released")


async def report(request: HttpRequest) -> JsonResponse:
    return JsonResponse({**seen, "threads": threading.active_count(), "errors": errors})


async def let_go(request: HttpRequest) -> HttpResponse:
    release.set()
    return HttpResponse("released")


async def leave_behind(request: HttpRequest) -> HttpResponse:
    """Two tasks that outlive the response, one in its context and one in none."""

    async def query(name: str) -> None:
        await ended.wait()
        try:
            await sync_to_async(count)(name)
        except RuntimeError as error:
            errors.append(str(error))

    ended = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, ended.set)
    tasks.add(asyncio.create_task(query("inherited")))
    tasks.add(asyncio.create_task(query("apart"), context=contextvars.Context()))
    return HttpResponse("gone")


urlpatterns = [
    path(view.__name__.replace("_", "-"), view)
    for view in (stream, pour, thread, block, report, let_go, leave_behind)
]


def handler(stock: bool = False, **options: Any) -> Callable[..., Coroutine[Any, Any, None]]:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True)
    django.setup()
    request_finished.connect(lambda **_: count("finished"), weak=False)
    return ASGIHandler() if stock else Handler(**options)
