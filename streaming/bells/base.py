"""What a bell is, and what it can say."""

from __future__ import annotations

import abc
import asyncio
import logging
import random
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: The longest text of news, in ASCII characters: PostgreSQL takes less than 8,000 bytes.
LONGEST = 7_900
#: How long a bell that broke is left alone, at first and at most.
REST_S = (0.25, 2.0)
#: Sender, marks, generations whose logs grew, generations that were asked to stop.
WRITTEN = re.compile(r"([0-9a-f]+)([w*]*) ((?:\d+(?:,\d+)*)?) ((?:\d+(?:,\d+)*)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class News:
    """What happened, by ids alone: whoever hears it looks for itself."""

    #: Generations whose logs grew or went.
    logs: frozenset[int] = frozenset()
    #: Generations that somebody asked to stop, or deleted.
    stops: frozenset[int] = frozenset()
    #: Whether a generation waits for a process to run it.
    work: bool = False
    #: More than could be said, or nobody knows what: look at everything.
    everything: bool = False

    def __or__(self, other: News) -> News:
        return News(
            self.logs | other.logs,
            self.stops | other.stops,
            self.work or other.work,
            self.everything or other.everything,
        )

    def write(self, sender: str) -> str:
        """As one short text; ids that are too many become ``everything``."""
        marks = "w" * self.work + "*" * self.everything
        logs, stops = (",".join(map(str, sorted(ids))) for ids in (self.logs, self.stops))
        text = f"{sender}{marks} {logs} {stops}"
        return text if len(text) <= LONGEST else EVERYTHING.write(sender)

    @classmethod
    def read(cls, text: str) -> tuple[str, News]:
        """The sender and what it said; what is no news of ours may be anything."""
        if (found := WRITTEN.fullmatch(text)) is None:
            return "", EVERYTHING
        sender, marks, *ids = found.groups()
        logs, stops = (frozenset(map(int, filter(None, some.split(",")))) for some in ids)
        return sender, cls(logs, stops, "w" in marks, "*" in marks)


EVERYTHING = News(everything=True)

Heard = Callable[[News], None]


class Bell(abc.ABC):
    """Tells the other processes on the same database. Nobody waits for it."""

    def __init__(self) -> None:
        #: By which it knows its own voice.
        self.name = secrets.token_hex(4)
        self._is_broken = False
        self._rest_s = REST_S[0]

    @abc.abstractmethod
    def ring(self, news: News) -> None:
        """Others hear it once the caller's transaction is committed, and never if it is not.

        From any thread that may talk to the database, inside the transaction that makes the
        news. What goes wrong with the bell is no concern of the caller's.
        """

    @abc.abstractmethod
    async def _hear(self, heard: Heard) -> None:
        """Connect, call :meth:`_connected`, then hear until it breaks, and raise why."""

    async def listen(self, heard: Heard) -> None:
        """Pass on what others ring, on the event loop, for as long as this process lives."""
        while True:
            try:
                await self._hear(heard)
            except Exception as error:  # noqa: BLE001 - whatever it is, the poll stands in
                self._broken(error)
            await asyncio.sleep(self._rest_s * random.uniform(0.75, 1.25))  # noqa: S311
            self._rest_s = min(self._rest_s * 2, REST_S[1])

    def _connected(self, heard: Heard) -> None:
        """From now on nothing is missed; before, something may have been."""
        self._is_broken = False
        self._rest_s = REST_S[0]
        heard(EVERYTHING)

    def _broken(self, error: Exception) -> None:
        """Say so, once an outage."""
        if not self._is_broken:
            self._is_broken = True
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            logger.warning("%s is silent, polling instead: %s", type(self).__name__, reason)


class Silent(Bell):
    """Leaves everything to the poll."""

    def ring(self, news: News) -> None:
        pass

    async def _hear(self, heard: Heard) -> None:
        await asyncio.get_running_loop().create_future()
