"""The memory log keeps the contract."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from uuid import UUID

from streaming.log.base import Claim, Log
from streaming.log.memory import MemoryLog

from .contract import LogContract, new_key

numbers = count(1)


class TestMemoryLog(LogContract):
    def make(self) -> Log:
        self.log_made = MemoryLog()
        return self.log_made

    async def claim(self, key: UUID | None = None) -> Claim:
        return Claim(next(numbers), key or new_key(), epoch=1)

    async def take_over(self, claim: Claim) -> Claim:
        self.log_made.epochs[claim.generation_id] = claim.epoch + 1
        return replace(claim, epoch=claim.epoch + 1)
