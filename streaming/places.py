"""Places: how many generations may run in this process, and who has one."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Places:
    """Room for ``limit`` of them. Asked from any thread."""

    def __init__(self, node: str, limit: int, running: Callable[[], int]) -> None:
        self._node = node
        self.limit = limit
        self._running = running
        self._lock = threading.Lock()
        self._reserved = 0
        self._closed = False
        #: Whether somebody waits in the queue, and is to be served before who comes now.
        self.others_wait = False

    @property
    def free(self) -> int:
        """How many more may run here."""
        return 0 if self._closed else self.limit - self._running() - self._reserved

    @property
    def are_taken(self) -> bool:
        """Whether all of them run."""
        return self._running() >= self.limit

    def reserve(self, queued: bool = False) -> str:
        """Keep a place: the name to claim a generation for, empty when there is none, or none for
        who comes now because others wait (those are ``queued``). What is not launched then must
        be given back."""
        with self._lock:
            if self.free <= 0 or (self.others_wait and not queued):
                return ""
            self._reserved += 1
            return self._node

    def give_back(self, owner: str) -> None:
        """A place that :meth:`reserve` kept is not needed, or is used now."""
        with self._lock:
            self._reserved -= owner == self._node

    def close(self) -> None:
        """There is none any more."""
        self._closed = True
