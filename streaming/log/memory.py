"""A log that forgets when the process ends: for tests, and the shape of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..events import Event
from ..parts import Part
from .base import SLICE, Batch, Claim, Entry, Fenced, Log, Merged


class MemoryLog(Log):
    """Commits in the next turn of the event loop. The fence is :attr:`epochs`."""

    def __init__(self) -> None:
        self.entries: dict[int, list[Entry]] = {}
        #: The highest epoch that was claimed, by generation.
        self.epochs: dict[int, int] = {}
        #: What was last given as ``resume``, by generation.
        self.cursors: dict[int, str] = {}
        self._pending: dict[int, Batch] = {}

    def append(
        self,
        claim: Claim,
        events: Sequence[Event],
        *,
        resume: str | None = None,
        parts: Sequence[Part] | None = None,
    ) -> None:
        batch = self._pending.get(claim.generation_id)
        if batch is None:
            batch = self._pending[claim.generation_id] = Batch(claim)
            asyncio.get_running_loop().call_soon(self._commit, claim.generation_id)
        batch.add(events, resume, parts)

    def _commit(self, generation_id: int) -> None:
        batch = self._pending.pop(generation_id)
        claim = batch.claim
        if self.epochs.get(generation_id, claim.epoch) != claim.epoch:
            batch.fenced = True
            self.watcher.fenced(claim)
        else:
            entries = batch.number()
            self.entries.setdefault(generation_id, []).extend(entries)
            claim.seq = entries[-1].seq
            if batch.resume is not None:
                self.cursors[generation_id] = batch.resume
            self.watcher.committed(claim, entries)
        batch.resolve()

    async def flushed(self, claim: Claim) -> None:
        if self.epochs.get(claim.generation_id, claim.epoch) != claim.epoch:
            raise Fenced(str(claim.key))
        if (batch := self._pending.get(claim.generation_id)) is not None:
            batch.future = batch.future or asyncio.get_running_loop().create_future()
            await batch.future

    def backlog(self, claim: Claim) -> int:
        batch = self._pending.get(claim.generation_id)
        return batch.size if batch else 0

    def read(self, generation_id: int, after: int, limit: int = SLICE) -> list[Entry]:
        found: list[Entry] = []
        entries = self.entries.get(generation_id, [])
        if after and not any(entry.seq == after for entry in entries):
            raise Merged(after)
        for entry in entries:
            if entry.seq > after:
                found.append(entry)
                limit -= len(entry.data)
                if limit <= 0:
                    break
        return found
