"""Judge: whether who is silent is dead, or the storage keeps it from saying that it lives."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from . import lease

#: How long who lives is given to be heard, after a write of ours got through.
GRACE_S = 0.4
_LEASE_S = lease.LEASE.total_seconds()


class Judge:
    """Looks every half second or so, from one thread at a time."""

    def __init__(self) -> None:
        #: When it last looked, and from when on it may judge by what it sees.
        self._seen_at: float | None = None
        self._blind_until = 0.0
        #: Since when writes get through although this owner is late with this lease.
        self._silent: dict[tuple[int, datetime], float] = {}

    def look(self, runs: Callable[[int], bool]) -> list[int]:
        """The generations that may be taken, the oldest first. Waits for the database.

        What runs here is none of them: it is late when the database was, and the writer renews
        it first thing. Raises :class:`lease.Stalled`.
        """
        if self._seen_at is not None and time.monotonic() - self._seen_at > _LEASE_S:
            self.go_blind()  # this process was away, perhaps with all others
        self._seen_at = time.monotonic()
        late = [one for one in lease.late() if not runs(one.pk)]
        dead = {one.pk for one in late if not one.owner and one.is_out}
        dead |= self._silent_ones([one for one in late if one.owner])
        return [one.pk for one in late if one.pk in dead]

    def go_blind(self) -> None:
        """Nobody could renew: those who live are given the time to."""
        self._silent.clear()
        self._seen_at = time.monotonic()
        self._blind_until = self._seen_at + _LEASE_S

    def _silent_ones(self, late: list[lease.Late]) -> set[int]:
        if not late or time.monotonic() < self._blind_until:
            self._silent.clear()
            return set()
        lease.knock([one.pk for one in late])
        now, before = time.monotonic(), self._silent
        self._silent = {(one.pk, one.until): now for one in late}
        self._silent |= {one: since for one, since in before.items() if one in self._silent}
        return {
            one.pk
            for one in late
            if one.is_out and now - self._silent[one.pk, one.until] >= GRACE_S
        }
