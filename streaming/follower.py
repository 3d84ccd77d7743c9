"""Follower: one reader of one log, from its own cursor to the terminal event."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from .cursors import position
from .events import Snapshot
from .fold import RUNNING, Fold
from .log.base import SLICE, Entry, Log, Merged, Story, Unavailable, merge_entries
from .shutdown import Shutdown
from .tails import Tail, Tails

#: How long a reader waits before it asks a storage again that did not answer, in seconds.
REST_S = (0.3, 1.5)

#: ``sync_to_async``, or its like.
InThread = Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]]


class Follower:
    """History first and then live. It costs a cursor: a slow reader gets bigger slices.

    ``read`` is called again and again; ``close`` once or more, also from a finaliser, on the
    event loop. Not for more than one task.
    """

    def __init__(
        self,
        log: Log,
        tails: Tails,
        generation_id: int,
        key: UUID,
        *,
        after: str = "",
        known: Sequence[Entry] = (),
        in_thread: InThread,
    ) -> None:
        """``known``: the first entries, from who just wrote them, to save a read."""
        self.key = key
        self.ended = False
        self._log = log
        self._tails = tails
        self._generation_id = generation_id
        self._in_thread = in_thread
        self._after = after
        self._known = list(known)
        self._caught_up = bool(known)
        self._seq = 0
        self._begun = False
        self._nudged = False
        self._waiter: asyncio.Future[None] | None = None
        self._reading: asyncio.Future[list[Entry]] | None = None
        self._reading_from = -1
        self._tail: Tail | None = tails.open(generation_id)

    @property
    def gone(self) -> bool:
        """Whether the log was deleted under us."""
        return self._tail is None or self._tail.gone

    async def read(self) -> list[Entry]:
        """The next entries, neighbouring deltas merged. Waits for some, also while the storage
        does not answer.

        Empty when :meth:`nudge` was called, the log is gone or all has been read.
        """
        while True:
            try:
                return await self._read()
            except Unavailable:
                if await self._wait(random.uniform(*REST_S)):  # noqa: S311
                    return []

    async def _read(self) -> list[Entry]:
        if not self._begun:
            first = await self._begin()
            self._begun = True
            if first:
                return self._advance(first)
        while not self.ended and self._tail is not None and not self._tail.gone:
            self._caught_up = self._caught_up or self._tail.holds(self._seq)
            found = self._tail.after(self._seq) if self._caught_up else None
            if found is None:
                try:
                    found = await self._from_log()
                except Merged:
                    return await self._start_again()
                if found is None:
                    break
                self._note(found)
                if not found and self._tail.after(self._seq) != []:
                    continue  # it came while we read, and woke nobody
            if found:
                return self._advance(merge_entries(found))
            if self._caught_up and await self._wait():
                break
        return []

    async def _from_log(self) -> list[Entry] | None:
        """What the log has behind our place; ``None`` when a nudge came first. Then the read goes
        on, since a thread cannot be called back, and its outcome is there for the next call."""
        if self._reading is None or self._reading_from != self._seq:
            read = self._in_thread(self._log.read)(self._generation_id, self._seq)
            self._reading, self._reading_from = asyncio.ensure_future(read), self._seq
            # Whoever waited may be gone by then, and that is no error.
            self._reading.add_done_callback(_heed)
        reading = self._reading
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        self._nudged = False
        await asyncio.wait({reading, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            return None
        self._waiter = self._reading = None
        return reading.result()

    async def _wait(self, at_most: float | None = None) -> bool:
        """Wait for news, or for so many seconds; whether it was a nudge that woke us."""
        if self._tail is None:
            return True
        waiter = self._waiter = self._tail.waiter()
        self._nudged = False
        if at_most is not None:
            asyncio.get_running_loop().call_later(at_most, _resolve, waiter)
        await waiter
        return self._nudged

    async def to_the_end(self, shutdown: Shutdown) -> None:
        """Read everything and keep nothing; until the end, or the end of this process."""
        unwatch = shutdown.watch(self.nudge)
        try:
            while not (self.ended or self.gone or shutdown.draining):
                await self.read()
        finally:
            unwatch()
            self.close()

    def nudge(self) -> None:
        """Let a waiting ``read`` return with nothing."""
        if self._waiter is not None and not self._waiter.done():
            self._nudged = True
            self._waiter.set_result(None)

    def close(self) -> None:
        if self._tail is not None:
            self.nudge()
            self._tails.close(self._tail)
            self._tail = None

    def _advance(self, entries: list[Entry]) -> list[Entry]:
        if entries:
            self._seq = entries[-1].seq
            self.ended = entries[-1].terminal
        return entries

    async def _begin(self) -> list[Entry]:
        if self._known and self._tail is not None:
            self._tail.note(self._known[-1].seq)
            return self._known
        start = position(self.key, self._after)
        if start == 0:
            return []
        if start is None:
            return await self._snapshot()
        self._seq = start
        return []

    async def _start_again(self) -> list[Entry]:
        """The place we were at is no more; if there is nothing at all, the log is gone."""
        entries = await self._snapshot()
        if not entries and self._tail is not None:
            self._tail.gone = True
        return self._advance(entries)

    async def _snapshot(self) -> list[Entry]:
        return await self._in_thread(snapshot)(self._log, self._generation_id)  # type: ignore[no-any-return]

    def _note(self, found: Sequence[Entry]) -> None:
        """What was read off the log itself is known to everybody here."""
        self._caught_up = self._caught_up or not found
        if self._tail is not None:
            self._tail.note(found[-1].seq if found else self._seq)


def _heed(reading: asyncio.Future[list[Entry]]) -> None:
    if not reading.cancelled():
        reading.exception()


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def snapshot(log: Log, generation_id: int) -> list[Entry]:
    """The state as one entry, at the cursor before the terminal event if there is one.

    Of an answer that is larger than a slice it is the state before everything, and the whole log
    follows: so no reader is ever handed more than a slice. Empty when nothing has happened yet.
    """
    try:
        return _state(log, generation_id)
    except Merged:
        # It was compacted between two slices; that happens once to a log.
        return _state(log, generation_id)


def _state(log: Log, generation_id: int) -> list[Entry]:
    state = Fold()
    seq = size = 0
    for entry in Story(log, generation_id):
        if entry.terminal:
            break
        size += len(entry.data)
        if size > SLICE:
            return [Entry.of(0, Snapshot((), RUNNING))]
        state.apply(entry.event)
        seq = entry.seq
    if seq == 0:
        return []
    return [Entry.of(seq, Snapshot(tuple(state.parts), RUNNING))]
