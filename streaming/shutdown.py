"""The end of this process, as those who live in it may know of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Shutdown:
    """Whether this process is about to end. It begins once and is never taken back.

    Followers that see ``draining`` send ``event: reconnect`` and end their response.
    ``begin`` may be called from any thread and from a signal handler; what watches is
    called on the event loop that it began to watch on.
    """

    def __init__(self) -> None:
        self.draining = False
        self._watchers: dict[object, tuple[asyncio.AbstractEventLoop, Callable[[], object]]] = {}

    def begin(self) -> None:
        """From now on the process is draining. Calling it again changes nothing."""
        if self.draining:
            return
        self.draining = True
        for loop, callback in list(self._watchers.values()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback)

    def watch(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back once, on this event loop, when it begins (or soon, if it has begun).

        Returns what ends the watch.
        """
        loop = asyncio.get_running_loop()
        key = object()
        self._watchers[key] = (loop, callback)
        if self.draining:
            loop.call_soon(callback)
        return lambda: self._watchers.pop(key, None) and None

    async def wait(self) -> None:
        """Return when it has begun."""
        begun = asyncio.Event()
        unwatch = self.watch(begun.set)
        try:
            await begun.wait()
        finally:
            unwatch()


#: This process's own.
shutdown = Shutdown()
