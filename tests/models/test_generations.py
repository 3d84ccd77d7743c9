"""Generations: what their columns say about how they went."""

from __future__ import annotations

import pytest

from streaming.accounts import Timings, Usage
from streaming.models import Generation
from tests.factories import GenerationFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", Generation.State.values)
def test_it_is_live_until_its_terminal_event(state: str) -> None:
    generation = GenerationFactory.create(state=state)
    assert generation.is_live == (state in ("queued", "running"))


def test_it_tells_usage_as_it_was_counted() -> None:
    numbers = {"input_tokens": 5, "output_tokens": 7, "cached_tokens": 2, "reasoning_tokens": 3}
    generation = GenerationFactory.create(done=True, cost=0.5, **numbers)
    assert generation.usage == Usage(5, 7, 2, 3, exact=True, cost=0.5)
    assert GenerationFactory.create(done=True, usage_exact=False).usage == Usage(
        12, 34, exact=False
    )


def test_it_tells_usage_of_nothing_at_all() -> None:
    generation = GenerationFactory.create(done=True, input_tokens=0, output_tokens=0)
    assert generation.usage == Usage(0, 0)


def test_it_has_neither_usage_nor_timings_before_its_end() -> None:
    for generation in GenerationFactory.create_batch(1) + GenerationFactory.create_batch(
        1, running=True
    ):
        assert generation.usage is None
        assert generation.timings is None
        assert generation.error is None


def test_it_tells_timings() -> None:
    assert GenerationFactory.create(done=True).timings == Timings(1, 120, 1500, 40.0)


def test_it_tells_timings_of_an_answer_without_a_token() -> None:
    assert GenerationFactory.create(failed=True).timings == Timings(1, None, 1500, None)


def test_it_has_an_error_only_when_it_failed() -> None:
    failed = GenerationFactory.create(failed=True)
    assert failed.error == {
        "code": "overloaded",
        "message": failed.error_message,
        "recoverable": True,
    }
    for state in ("done", "stopped", "incomplete"):
        assert GenerationFactory.create(**{state: True}).error is None


def test_it_lists_the_latest_first() -> None:
    made = GenerationFactory.create_batch(3)
    assert list(Generation.objects.all()) == made[::-1]
