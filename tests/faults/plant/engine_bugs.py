"""Bugs of running: calls, ends, accounts, hand-overs."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from streaming import lease
from streaming.accounts import Usage
from streaming.engine import Engine
from streaming.events import Delta, Event, PartOpened
from streaming.models import Generation
from streaming.patience import Patience
from streaming.progress import Progress
from streaming.providers.base import ProviderError
from streaming.runner import Runner
from streaming.splice import Splice

from .marks import bug_in, bug_of, wrap

Original = Callable[..., Any]
#: How long a call is left open by who forgot to hang up, in seconds.
LINGERS_S = 8.0


def plant() -> None:
    wrap(Engine, "_call", _calls_a_clean_end_done)
    wrap(Engine, "_call", _says_it_all_again)
    wrap(Engine, "__init__", _spoils_the_engine)
    wrap(Progress, "usage", _counts_usage_twice)
    wrap(Runner, "stop_soon", _forgets_the_stop)
    wrap(lease, "late", _leaves_orphans)


def _calls_a_clean_end_done(original: Original) -> Original:
    async def call(self: Engine, *rest: Any, **more: Any) -> None:
        try:
            await original(self, *rest, **more)
        except ProviderError as error:
            if error.code != "upstream_lost" or bug_in(self.prompt) != "calls_a_clean_end_done":
                raise
            self._progress.finish = "stop"

    return call


def _says_it_all_again(original: Original) -> Original:
    """A call that broke off in mid-answer is made once more, as if nothing had come of it."""

    async def call(self: Engine, *rest: Any, **more: Any) -> None:
        try:
            await original(self, *rest, **more)
        except ProviderError:
            if bug_in(self.prompt) != "says_it_all_again":
                raise
            self._splice = Splice()
            await original(self, *rest, **more)

    return call


def _spoils_the_engine(original: Original) -> Original:
    def init(self: Engine, log: Any, claim: Any, prompt: Any, provider: Any, **more: Any) -> None:
        bug = bug_in(prompt)
        if bug == "never_notices_a_stall":
            more["patience"] = lambda: Patience(1e6, 1e6, 1e6)
        if bug == "stops_but_does_not_hang_up":
            provider = _Lingering(provider)
        if bug == "takes_over_from_scratch":
            more["earlier"] = dataclasses.replace(more["earlier"], parts=())
        original(self, log, claim, prompt, provider, **more)
        if bug == "leaves_the_seam":
            self._splice = _Rough(self._splice.parts)

    return init


class _Rough(Splice):
    """Puts what a call says behind what is there, whatever it says twice."""

    def take(self, item: PartOpened | Delta) -> list[Event]:
        events = super().take(item)
        self._seam = None
        return events


class _Lingering:
    """A provider whose calls stay open after they were given up."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def stream(self, *rest: Any, **more: Any) -> Any:
        return _Lingers(self._provider.stream(*rest, **more))


class _Lingers:
    _tasks: set[asyncio.Task[Any]] = set()

    def __init__(self, call: AbstractAsyncContextManager[Any]) -> None:
        self._call = call

    async def __aenter__(self) -> AsyncIterator[Any]:
        return self._read((await self._call.__aenter__()).__aiter__())

    async def _read(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        while True:
            # Shielded: whoever waits for the next chunk may be cancelled, and the call goes on.
            step = asyncio.ensure_future(_next(chunks))
            self._tasks.add(step)
            step.add_done_callback(self._tasks.discard)
            if (chunk := await asyncio.shield(step)) is None:
                return
            yield chunk

    async def __aexit__(self, *error: Any) -> None:
        task = asyncio.ensure_future(self._hang_up(*error))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hang_up(self, *error: Any) -> None:
        await asyncio.sleep(LINGERS_S)
        try:
            await self._call.__aexit__(*error)
        except BaseException as late:  # noqa: BLE001 - whatever it says, it says it too late
            del late


async def _next(chunks: AsyncIterator[Any]) -> Any:
    """The next chunk, or ``None`` at the end."""
    return await anext(chunks, None)


def _counts_usage_twice(original: Original) -> Original:
    def usage(self: Progress) -> Usage:
        counted: Usage = original(self)
        if bug_in(self.prompt) != "counts_usage_twice":
            return counted
        return dataclasses.replace(counted, output_tokens=2 * counted.output_tokens)

    return usage


def _forgets_the_stop(original: Original) -> Original:
    def stop_soon(self: Runner, generation_id: int, *rest: Any) -> None:
        if bug_of(generation_id) != "forgets_the_stop":
            original(self, generation_id, *rest)

    return stop_soon


def _leaves_orphans(original: Original) -> Original:
    def late() -> list[lease.Late]:
        found = Generation.objects.filter(prompt__contains="plant:leaves_orphans")
        left = set(found.values_list("pk", flat=True))
        return [one for one in original() if one.pk not in left]

    return late
