"""An engine turns whatever a provider does into a log that ends, once and honestly."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from streaming.accounts import Usage
from streaming.engine import Interrupt
from streaming.events import Delta, Done, Failed, Incomplete, PartOpened, Stopped, Waiting
from streaming.log.base import Fenced
from streaming.parts import Part
from streaming.providers.base import Finished, ProviderError, UsageReported

from .played import OVERLOADED, REFUSED, TEXT, USAGE, Played, Run


async def test_it_is_done_when_the_provider_says_so() -> None:
    provider = Played(
        [[TEXT, Delta(0, "a")], [Delta(0, "b")], [Finished("stop")], [UsageReported(USAGE)]]
    )
    *events, end = await Run(provider).events()
    assert events == [TEXT, Delta(0, "ab")]
    assert isinstance(end, Done)
    assert (end.finish_reason, end.usage) == ("stop", USAGE)
    assert provider.closed == 1


async def test_an_end_of_file_is_no_end() -> None:
    *_, end = await Run(Played([[TEXT, Delta(0, "a")]]), goes_on=False).events()
    assert isinstance(end, Incomplete)
    assert end.reason == "upstream_lost"


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_a_cut_answer_is_incomplete(reason: str) -> None:
    *_, end = await Run(Played([[TEXT, Delta(0, "a"), Finished(reason)]])).events()
    assert isinstance(end, Incomplete)
    assert end.reason == reason


async def test_usage_is_estimated_where_none_came_and_says_so() -> None:
    *_, end = await Run(Played([[TEXT, Delta(0, "a" * 9), Finished("stop")]])).events()
    assert isinstance(end, Done)
    assert end.usage == Usage(10, 3, exact=False)


async def test_it_calls_again_before_the_first_token_and_says_that_it_waits() -> None:
    provider = Played([OVERLOADED], [OVERLOADED], [[TEXT, Delta(0, "a"), Finished("stop")]])
    events = await Run(provider).events()
    assert [type(event) for event in events] == [Waiting, Waiting, PartOpened, Delta, Done]
    assert isinstance(events[0], Waiting)
    assert events[0].reason == "overloaded"


async def test_it_gives_up_at_once_where_calling_again_is_no_use() -> None:
    provider = Played([REFUSED])
    (end,) = await Run(provider).events()
    assert isinstance(end, Failed)
    assert (end.code, end.message, end.recoverable) == ("unauthorized", "No.", False)


async def test_it_does_not_wait_for_a_day() -> None:
    later = ProviderError("rate_limited", "Later.", recoverable=True, retry_after_s=1e9)
    (end,) = await Run(Played([later])).events()
    assert isinstance(end, Failed)


async def test_it_gives_up_in_the_end() -> None:
    provider = Played(*[[OVERLOADED]] * 9)
    *waits, end = await Run(provider).events()
    assert isinstance(end, Failed)
    assert provider.made == len(waits) + 1 == 4


async def test_a_stop_closes_the_call_and_carries_its_receipt() -> None:
    provider = Played([[TEXT, Delta(0, "a")], None])
    run, receipt = Run(provider), uuid4()
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    run.engine.interrupt(Interrupt.STOP, receipt)
    *_, end = await running
    assert isinstance(end, Stopped)
    assert end.receipt == str(receipt)
    assert provider.closed == 1


async def test_a_stop_before_it_began_makes_no_call() -> None:
    provider = Played()
    run = Run(provider)
    run.engine.interrupt(Interrupt.STOP, uuid4())
    (end,) = await run.events()
    assert isinstance(end, Stopped)
    assert provider.made == 0


async def test_a_shutdown_keeps_the_text() -> None:
    provider = Played([[TEXT, Delta(0, "a")], None])
    run = Run(provider)
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    run.engine.interrupt(Interrupt.SHUTDOWN)
    *events, end = await running
    assert events == [TEXT, Delta(0, "a")]
    assert isinstance(end, Incomplete)
    assert end.reason == "interrupted"


async def test_one_that_was_taken_over_writes_no_end() -> None:
    provider = Played([None])
    run = Run(provider)
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    run.engine.interrupt(Interrupt.FENCED)
    with pytest.raises(Fenced):
        await running
    assert provider.closed == 1


async def test_a_stall_before_the_first_token_is_tried_again() -> None:
    provider = Played([None], [[TEXT, Delta(0, "a"), Finished("stop")]])
    events = await Run(provider, first_s=0.02).events()
    assert isinstance(events[0], Waiting)
    assert events[0].reason == "stalled"
    assert isinstance(events[-1], Done)


async def test_a_stall_in_mid_answer_ends_it_with_its_text() -> None:
    provider = Played([[TEXT, Delta(0, "a")], None])
    *events, end = await Run(provider, goes_on=False, next_s=0.02).events()
    assert events == [TEXT, Delta(0, "a")]
    assert isinstance(end, Incomplete)
    assert end.reason == "stalled"
    assert provider.closed == 1


async def test_a_provider_that_lingers_after_its_end_marker_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streaming.patience.AFTER_THE_END_S", 0.02)
    *_, end = await Run(Played([[TEXT, Delta(0, "a"), Finished("stop")], None])).events()
    assert isinstance(end, Done)


async def test_going_on_joins_the_text_it_goes_on_from() -> None:
    partial = (Part("reasoning", "hm"), Part("text", "Once "))
    provider = Played([[TEXT, Delta(0, "upon "), PartOpened(1, Part("tool_call")), Delta(1, "{}"),
                        Delta(0, "a time"), Finished("stop")]])  # fmt: skip
    *events, _ = await Run(provider, partial).events()
    assert events == [
        Delta(1, "upon "), PartOpened(2, Part("tool_call")), Delta(2, "{}"), Delta(1, "a time"),
    ]  # fmt: skip


async def test_reasoning_before_going_on_is_a_part_of_its_own() -> None:
    reasoning, text = PartOpened(0, Part("reasoning")), PartOpened(1, Part("text"))
    provider = Played([[reasoning, Delta(0, "hm"), text, Delta(1, "b"), Finished("stop")]])
    *events, _ = await Run(provider, (Part("text", "a"),)).events()
    assert events == [PartOpened(1, Part("reasoning")), Delta(1, "hm"), Delta(0, "b")]


async def test_what_is_thought_again_goes_to_the_thoughts() -> None:
    partial = (Part("reasoning", "hm"), Part("text", "a"))
    reasoning, text = PartOpened(0, Part("reasoning")), PartOpened(1, Part("text"))
    provider = Played([[reasoning, Delta(0, "so"), text, Delta(1, "b"), Finished("stop")]])
    *events, _ = await Run(provider, partial).events()
    assert events == [Delta(0, "\n\nso"), Delta(1, "b")]


async def test_a_provider_that_is_gone_fails_in_words() -> None:
    (end,) = await Run(None).events()
    assert isinstance(end, Failed)
    assert end.code == "model_not_found"


async def test_an_answer_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.engine.LONGEST_ANSWER", 10)
    *_, end = await Run(Played([[TEXT, Delta(0, "a" * 11)], None])).events()
    assert isinstance(end, Incomplete)
    assert end.reason == "too_long"
