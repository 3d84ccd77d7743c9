"""A node runs no more generations than it has places, however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from streaming.catalogue import Catalogue
from streaming.log.memory import MemoryLog
from streaming.patience import Patiences
from streaming.runner import Runner
from streaming.tails import Tails


@pytest.fixture
def runner() -> Runner:
    return Runner("node:1:x", MemoryLog(), Tails(), Catalogue([]), limit=3, patience=Patiences())


def test_places_are_kept_one_by_one(runner: Runner) -> None:
    with ThreadPoolExecutor(8) as threads:
        owners = list(threads.map(lambda _: runner.reserve(), range(50)))
    assert sorted(owners) == [""] * 47 + [runner.node] * 3


def test_a_place_that_is_given_back_is_there_again(runner: Runner) -> None:
    owners = [runner.reserve() for _ in range(4)]
    for owner in owners:
        runner.give_back(owner)
    assert runner.room == 3


async def test_one_that_is_about_to_end_has_no_place(runner: Runner) -> None:
    await runner.drain()
    assert runner.reserve() == ""
