"""How long a provider is waited for: by its model, by what it asked for, and not for ever."""

from __future__ import annotations

import pytest

from streaming.events import Failed, Waiting
from streaming.patience import LONGEST_WAIT_S, MAX_CALLS, Patience, Patiences, wait_s
from streaming.providers.base import Finished, ProviderError

from .played import TEXT, Played, Run

USUAL = Patience(15, 30)


@pytest.mark.parametrize(
    ("model", "thinks", "first_s", "next_s"),
    [
        ("openai/gpt", False, 15, 30),
        ("openai/o3", True, 180, 180),
        ("openai/o9", True, 600, 600),
        ("ollama/llama", False, 120, 120),
        ("ollama/small", False, 5, 5),
    ],
)
def test_it_is_the_model_s(model: str, thinks: bool, first_s: float, next_s: float) -> None:
    by_model = {"openai/o9": 600.0, "ollama/small": 5.0, "ollama/*": 120.0}
    patience = Patiences(USUAL, 180, by_model).of(model, thinks)
    assert (patience.first_s, patience.next_s) == (first_s, next_s)
    assert patience.silent_s >= 2 * first_s


def test_thinking_never_makes_it_shorter() -> None:
    assert Patiences(USUAL, 20).of("x/y", thinks=True) == Patience(20, 30)


def test_it_backs_off_with_jitter() -> None:
    error = ProviderError("overloaded", "Busy.", recoverable=True)
    for call, middle in ((1, 0.5), (2, 1.0), (3, 2.0)):
        waits = {wait_s(error, call) for _ in range(50)}
        assert len(waits) > 25
        assert all(0.75 * middle <= seconds <= 1.25 * middle for seconds in waits)


def test_it_waits_as_long_as_it_was_asked_to_and_a_little() -> None:
    error = ProviderError("rate_limited", "Later.", recoverable=True, retry_after_s=7)
    assert all(7 <= wait_s(error, call) <= 7.25 for call in range(1, 9))


@pytest.mark.parametrize("code", ["rate_limited", "overloaded", "server_error", "unreachable"])
@pytest.mark.parametrize("seconds", [0.0, 0.01])
async def test_it_is_said_and_done(code: str, seconds: float) -> None:
    error = ProviderError(code, "Later.", recoverable=True, retry_after_s=seconds)
    provider = Played([error], [error], [[TEXT, Finished("stop")]])
    events = await Run(provider).events()
    waits = [event for event in events if isinstance(event, Waiting)]
    assert [wait.reason for wait in waits] == [code, code]
    assert all(wait.retry_in_ms <= 1000 * seconds + 250 for wait in waits)


@pytest.mark.parametrize("seconds", [LONGEST_WAIT_S + 1, 1e9])
async def test_it_does_not_wait_longer_than_a_person_would(seconds: float) -> None:
    error = ProviderError("rate_limited", "Another day.", recoverable=True, retry_after_s=seconds)
    (end,) = await Run(Played([error])).events()
    assert isinstance(end, Failed)
    assert (end.message, end.recoverable) == ("Another day.", True)


async def test_it_calls_so_often_and_no_more() -> None:
    error = ProviderError("overloaded", "Busy.", recoverable=True, retry_after_s=0)
    provider = Played(*[[error]] * 9)
    *_, end = await Run(provider).events()
    assert isinstance(end, Failed)
    assert provider.made == MAX_CALLS
