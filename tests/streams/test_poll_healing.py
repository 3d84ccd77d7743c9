"""The healing poll comes round, however often a bell rings."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from streaming import poll
from streaming.bells.base import News
from streaming.poll import Poll
from streaming.tails import Tails


class Nobody:
    """A runner that runs nothing."""

    def look(self) -> None:
        pass

    def runs(self, pk: int) -> bool:
        return False


async def test_everything_is_looked_at_although_bells_ring_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poll, "POLL_S", 0.05)
    runner: Any = Nobody()
    healing, seen, rounds = Poll(Tails(), runner), 0, asyncio.Event()

    async def look(news: News) -> None:
        nonlocal seen
        seen += news.everything
        healing.heard(News(logs=frozenset({1})))  # the next one, before anybody waits for it
        if seen >= 4:
            rounds.set()

    monkeypatch.setattr(healing, "_look", look)
    polling = asyncio.create_task(healing.run())
    async with asyncio.timeout(5):
        await rounds.wait()
    polling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await polling
