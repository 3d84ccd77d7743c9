"""Tails: the live ends of logs, one per generation that somebody follows in this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from itertools import takewhile

from .log.base import Entry, first_slice

#: How many entries a tail remembers. A reader that falls further behind reads the log itself.
WINDOW = 64
#: Behind every entry that there can be.
ALL = 2**63


class Tail:
    """The last committed entries of one generation, and who waits for the next."""

    __slots__ = ("_waiting", "followers", "generation_id", "gone", "seen", "window")

    def __init__(self, generation_id: int) -> None:
        self.generation_id = generation_id
        self.followers = 0
        self.gone = False
        #: The last seq that anyone here has read or was told of.
        self.seen = 0
        self.window: deque[Entry] = deque(maxlen=WINDOW)
        self._waiting: set[asyncio.Future[None]] = set()

    def extend(self, entries: Iterable[Entry]) -> None:
        """New entries were committed; ones that are known already are passed over."""
        for entry in entries:
            if self.window and entry.seq > self.window[-1].seq + 1:
                self.window.clear()  # what is between is in the log alone
            if not self.window or entry.seq > self.window[-1].seq:
                self.window.append(entry)
        if self.window:
            self.seen = max(self.seen, self.window[-1].seq)
        self.wake()

    def after(self, seq: int) -> list[Entry] | None:
        """The entries behind ``seq``, a slice at most; ``None`` when they are not remembered."""
        window = self.window
        if not window:
            return [] if seq >= self.seen else None
        if window[-1].seq <= seq:
            return [] if seq >= self.seen else None
        if window[0].seq > seq + 1:
            return None
        # From the new end, since a reader is hardly ever more than a few entries behind.
        found = [*takewhile(lambda entry: entry.seq > seq, reversed(window))][::-1]
        return found if len(found) == 1 else first_slice(found)

    def holds(self, seq: int) -> bool:
        """Whether this is a place in the log, and all that came behind it is remembered."""
        window = self.window
        if not seq or not window:
            return bool(window) and window[0].seq == 1
        return window[0].seq <= seq <= window[-1].seq

    def waiter(self) -> asyncio.Future[None]:
        """Done when something is new, or when the reader itself resolves it."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        return future

    def wake(self) -> None:
        for future in list(self._waiting):
            if not future.done():
                future.set_result(None)

    def note(self, seq: int) -> None:
        """Somebody read this far in the log itself: what the others wait for may be there."""
        news = seq > self.seen
        self.seen = seq if self.seen == ALL else max(self.seen, seq)
        if news:
            self.wake()

    def forget(self) -> None:
        """Whoever wants to know what comes next reads the log."""
        self.window.clear()
        self.seen = ALL
        self.wake()

    @property
    def waited_for(self) -> bool:
        return bool(self._waiting)


class Tails:
    """All tails of this process."""

    def __init__(self) -> None:
        self._tails: dict[int, Tail] = {}

    def open(self, generation_id: int) -> Tail:
        """Give it back with :meth:`close`."""
        tail = self._tails.get(generation_id)
        if tail is None:
            tail = self._tails[generation_id] = Tail(generation_id)
        tail.followers += 1
        return tail

    def close(self, tail: Tail) -> None:
        tail.followers -= 1
        if tail.followers == 0:
            del self._tails[tail.generation_id]

    def extend(self, generation_id: int, entries: list[Entry]) -> None:
        if (tail := self._tails.get(generation_id)) is not None:
            tail.extend(entries)

    def behind(self, local: Callable[[int], bool], rung: Collection[int]) -> dict[int, int]:
        """``{generation: last seq known}`` of those among ``rung`` that another process writes."""
        tails = [self._tails[pk] for pk in rung if pk in self._tails and not local(pk)]
        return {tail.generation_id: tail.seen for tail in tails if tail.seen != ALL}

    def waiting(self) -> list[int]:
        """The generations whose next entry somebody waits for."""
        return [tail.generation_id for tail in self._tails.values() if tail.waited_for]

    def lose(self, generation_id: int) -> None:
        """What was the last entry is no more: let every reader see for itself."""
        if (tail := self._tails.get(generation_id)) is not None:
            tail.forget()

    def end(self, generation_id: int) -> None:
        """The generation is gone, its log with it."""
        if (tail := self._tails.get(generation_id)) is not None:
            tail.gone = True
            tail.wake()

    def __len__(self) -> int:
        """How many followers there are."""
        return sum(tail.followers for tail in self._tails.values())
