"""The record of every upstream call: what was asked, what was sent, how and when it ended."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OPEN = "open"
COMPLETE = "complete"
CLIENT_CLOSED = "client_closed"
#: We ended it by a fault: FIN or RST, or cleanly but too early.
CUT = "cut"
EOF = "eof"
#: We answered with a status that is not 200.
REFUSED = "refused"
#: Whom one asks for with it gets calls of every state but ``open``.
ENDED = "ended"


@dataclass
class Call:
    """One request to a vendor's path. Times are seconds since the epoch."""

    number: int
    #: Which connection it came on: calls with the same number shared one.
    connection: int
    wire: str
    method: str
    path: str
    headers: dict[str, str]
    #: Whether a key came along; the key itself is not kept.
    auth: bool
    body: Any
    started: float = field(default_factory=time.time)
    script: str = ""
    first_byte: float | None = None
    tokens: int = 0
    state: str = OPEN
    ended: float | None = None

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


class Calls:
    """All calls since the start or the last :meth:`clear`, and who waits for them."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._calls: list[Call] = []
        self._runs: Counter[str] = Counter()
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def open(self, **about: Any) -> Call:
        call = Call(number=next(self._numbers), **about)
        self._calls.append(call)
        return call

    def tell_script(self, call: Call, script: str) -> None:
        """Which script it follows: from now on who waits for one can find it."""
        call.script = script
        self._look()

    def end(self, call: Call, state: str) -> None:
        """Only the first end of a call counts."""
        if call.state == OPEN:
            call.state, call.ended = state, time.time()
            self._look()

    def run(self, script: str) -> int:
        """How many calls of this script there were before this one."""
        self._runs[script] += 1
        return self._runs[script] - 1

    def clear(self) -> None:
        self._calls.clear()
        self._runs.clear()

    def matching(self, state: str = "", script: str = "") -> list[Call]:
        return [
            call
            for call in self._calls
            if (not state or call.state == state or (state == ENDED and call.state != OPEN))
            and (not script or call.script == script)
        ]

    async def wait(self, state: str, script: str, count: int, timeout: float) -> list[Call]:
        """The matching calls, once there are ``count`` of them. Raises ``TimeoutError``."""

        def ready() -> bool:
            return len(self.matching(state, script)) >= count

        if not ready():
            entry = (ready, asyncio.get_running_loop().create_future())
            self._waiting.append(entry)
            try:
                async with asyncio.timeout(timeout):
                    await entry[1]
            finally:
                self._waiting.remove(entry)
        return self.matching(state, script)

    def _look(self) -> None:
        for ready, future in self._waiting:
            if not future.done() and ready():
                future.set_result(None)
