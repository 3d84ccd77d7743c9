"""An answer whose call was lost in mid-answer is gone on with, and nothing of it is said twice."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from streaming.accounts import Usage
from streaming.engine import Interrupt
from streaming.events import Delta, Done, Event, Failed, Incomplete, PartOpened, Started, Waiting
from streaming.fold import fold
from streaming.parts import Part, visible_text
from streaming.progress import Earlier
from streaming.providers.base import Finished, ProviderError, Resumable, UsageReported

from .played import OVERLOADED, REFUSED, TEXT, USAGE, Played, Run, Step

ONCE = "Once upon a time there was a log, and"
LOST = ProviderError("unreachable", "Gone.", recoverable=True)


def said(events: list[Event]) -> str:
    return visible_text(fold(events).parts)


def attempts(events: list[Event]) -> list[int]:
    return [event.attempt for event in events if isinstance(event, Started)]


@pytest.mark.parametrize("loss", [[LOST], [], [None], [REFUSED]], ids=["cut", "eof", "stall", "no"])
async def test_it_goes_on_after_a_loss(loss: list[ProviderError | None]) -> None:
    provider = Played(
        [[TEXT, Delta(0, ONCE)], *loss],
        [[TEXT, Delta(0, "there was a log, and it grew."), Finished("stop")]],
    )
    *events, end = await Run(provider, next_s=0.05).events()
    if loss == [REFUSED]:
        assert isinstance(end, Incomplete)
        assert (said(events), provider.made) == (ONCE, 1)
        return
    assert isinstance(end, Done)
    assert said(events) == f"{ONCE} it grew."
    assert attempts(events) == [2]
    assert provider.prompts[0].partial == ()
    assert provider.prompts[1].partial == (Part("text", ONCE),)
    assert provider.closed == 2


async def test_it_does_not_where_a_person_is_to_decide() -> None:
    provider = Played([[TEXT, Delta(0, ONCE)], LOST])
    *events, end = await Run(provider, goes_on=False).events()
    assert isinstance(end, Incomplete)
    assert (end.reason, said(events), provider.made) == ("upstream_lost", ONCE, 1)


async def test_three_runs_are_enough() -> None:
    calls: list[list[Step]] = [[[TEXT, Delta(0, f"{n}")], LOST] for n in range(9)]
    provider = Played(*calls)
    *events, end = await Run(provider).events()
    assert isinstance(end, Incomplete)
    assert end.reason == "upstream_lost"
    assert (provider.made, said(events), attempts(events)) == (3, "012", [2, 3])


async def test_runs_of_processes_that_died_count() -> None:
    earlier = Earlier((Part("text", ONCE),), attempt=3, losses=2)
    *events, end = await Run(Played([[TEXT, Delta(0, "x")], LOST]), earlier=earlier).events()
    assert isinstance(end, Incomplete)
    assert events == [Delta(0, "x")]


async def test_overload_in_mid_answer_is_waited_for() -> None:
    provider = Played(
        [[TEXT, Delta(0, ONCE)], OVERLOADED], [[TEXT, Delta(0, " so"), Finished("stop")]]
    )
    *events, end = await Run(provider).events()
    assert [type(event) for event in events[2:]] == [Waiting, Started, Delta]
    assert isinstance(end, Done)


async def test_a_run_that_says_nothing_is_repeated_not_counted() -> None:
    provider = Played(
        [[TEXT, Delta(0, ONCE)], LOST],
        [OVERLOADED],
        [OVERLOADED],
        [[TEXT, Delta(0, " so"), Finished("stop")]],
    )
    *events, end = await Run(provider).events()
    assert isinstance(end, Done)
    assert (said(events), attempts(events)) == (f"{ONCE} so", [2])


async def test_no_use_in_calling_again_keeps_what_there_is() -> None:
    provider = Played([[TEXT, Delta(0, ONCE)], LOST], [REFUSED])
    *events, end = await Run(provider).events()
    assert isinstance(end, Incomplete)
    assert said(events) == ONCE


async def test_a_part_without_a_word_is_no_answer() -> None:
    *events, end = await Run(Played([[TEXT], REFUSED])).events()
    assert events == [TEXT]
    assert isinstance(end, Failed)
    assert end.code == "unauthorized"


async def test_a_refusal_is_not_gone_on_with() -> None:
    provider = Played([[PartOpened(0, Part("refusal")), Delta(0, "I will not")], LOST])
    *_, end = await Run(provider).events()
    assert isinstance(end, Incomplete)
    assert provider.made == 1


async def test_thoughts_alone_are_thought_again_under_the_same_log() -> None:
    thoughts, text = PartOpened(0, Part("reasoning")), PartOpened(1, Part("text"))
    provider = Played(
        [[thoughts, Delta(0, "hm")], LOST],
        [[thoughts, Delta(0, "so"), text, Delta(1, "Yes."), Finished("stop")]],
    )
    *events, _ = await Run(provider).events()
    assert fold(events).parts == [Part("reasoning", "hm\n\nso"), Part("text", "Yes.")]


async def test_half_a_tool_call_stays_and_the_text_before_it_goes_on() -> None:
    call = PartOpened(1, Part("tool_call", call="a", name="look"))
    provider = Played(
        [[TEXT, Delta(0, ONCE), call, Delta(1, '{"que')], LOST],
        [[TEXT, Delta(0, " so"), call, Delta(1, "{}"), Finished("tool_calls")]],
    )
    *events, _ = await Run(provider).events()
    parts = fold(events).parts
    assert [part.text for part in parts] == [f"{ONCE} so", '{"que', "{}"]
    assert [part.type for part in parts] == ["text", "tool_call", "tool_call"]


async def test_what_was_held_back_at_the_end_is_said() -> None:
    provider = Played(
        [[TEXT, Delta(0, ONCE)], LOST], [[TEXT, Delta(0, "Once upon"), Finished("stop")]]
    )
    *events, _ = await Run(provider).events()
    assert said(events) == f"{ONCE}Once upon"


# ------------------------------------------------------------------------- by a cursor
async def test_a_cursor_goes_on_exactly() -> None:
    provider = Played(
        [[TEXT, Delta(0, "la la "), Resumable("c1")], LOST],
        [[Delta(0, "la la "), Resumable("c2")], LOST],
        [[Delta(0, "la"), UsageReported(USAGE), Finished("stop")]],
    )
    run = Run(provider)
    *events, end = await run.events()
    assert said(events) == "la la la la la"
    assert provider.resumed == ["", "c1", "c2"]
    assert attempts(events) == [2, 3]
    assert isinstance(end, Done)
    assert end.usage == USAGE, "it is one call, with one account"


async def test_a_cursor_is_kept_with_the_text_and_taken_up_by_another_process() -> None:
    run = Run(Played([[TEXT, Delta(0, ONCE), Resumable("c1")], [Resumable("c2")], None]))
    running = asyncio.create_task(run.events())
    await run.engine.provider.waiting.wait()  # type: ignore[union-attr]
    run.engine.interrupt(Interrupt.HAND_OVER)
    assert said(await running) == ONCE
    earlier = Earlier((Part("text", ONCE),), 2, resume=run.log.cursors[1], characters=len(ONCE))
    provider = Played([[Delta(0, " so"), Finished("stop")]])
    *events, end = await Run(provider, earlier=earlier).events()
    assert provider.resumed == ["c1"]
    assert events == [Delta(0, " so")]
    assert isinstance(end, Done)
    assert end.usage == Usage(10, -(-(len(ONCE) + 3) // 4), exact=False)


async def test_a_cursor_that_is_no_good_any_more_gives_way_to_asking() -> None:
    lost = ProviderError("bad_request", "It is gone.", recoverable=False)
    provider = Played(
        [[TEXT, Delta(0, ONCE), Resumable("c1")], LOST],
        [lost],
        [[TEXT, Delta(0, " so"), Finished("stop")]],
    )
    run = Run(provider)
    *events, end = await run.events()
    assert provider.resumed == ["", "c1", ""]
    assert provider.prompts[2].partial == (Part("text", ONCE),)
    assert (said(events), type(end)) == (f"{ONCE} so", Done)
    assert run.log.cursors[1] == "", "nobody goes on with a call that is over"


async def test_text_without_a_cursor_makes_the_last_one_worthless() -> None:
    run = Run(Played([[TEXT, Delta(0, ONCE), Resumable("c1")], [Delta(0, " so")], None]))
    running = asyncio.create_task(run.events())
    await run.engine.provider.waiting.wait()  # type: ignore[union-attr]
    run.engine.interrupt(Interrupt.HAND_OVER)
    await running
    assert run.log.cursors[1] == ""


async def test_while_the_seam_is_open_there_is_no_cursor() -> None:
    earlier = Earlier((Part("text", ONCE),), attempt=2, losses=1)
    run = Run(Played([[TEXT, Delta(0, "there was a"), Resumable("c1")], None]), earlier=earlier)
    running = asyncio.create_task(run.events())
    await run.engine.provider.waiting.wait()  # type: ignore[union-attr]
    run.engine.interrupt(Interrupt.HAND_OVER)
    await running
    assert 1 not in run.log.cursors


@pytest.mark.parametrize("why", [Interrupt.STOP, Interrupt.HAND_OVER, Interrupt.FENCED])
async def test_only_a_person_s_stop_cancels_the_call_upstream(why: Interrupt) -> None:
    provider = Played([[TEXT, Delta(0, ONCE), Resumable("c1")], None])
    run = Run(provider)
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    run.engine.interrupt(why, uuid4())
    await asyncio.gather(running, return_exceptions=True)
    await run.engine.cancel_unwanted()
    assert provider.cancelled == (["c1"] if why is Interrupt.STOP else [])


# --------------------------------------------------------------------------- the account
async def test_the_account_is_of_all_calls_and_exact_when_all_were_counted() -> None:
    provider = Played(
        [[TEXT, Delta(0, "x" * 40), UsageReported(Usage(5, 8))], LOST],
        [[TEXT, Delta(0, "y" * 4), UsageReported(Usage(7, 1)), Finished("stop")]],
    )
    *_, end = await Run(provider).events()
    assert isinstance(end, Done)
    assert end.usage == Usage(12, 9, exact=False), "the first was cut before its last count"


async def test_a_refused_call_costs_nothing() -> None:
    provider = Played([OVERLOADED], [[TEXT, UsageReported(USAGE), Finished("stop")]])
    *_, end = await Run(provider).events()
    assert isinstance(end, Done)
    assert end.usage == USAGE


async def test_a_call_of_a_dead_process_is_estimated() -> None:
    earlier = Earlier((Part("text", ONCE),), attempt=2, usage=Usage(10, 9, exact=False))
    provider = Played([[TEXT, Delta(0, "!"), UsageReported(USAGE), Finished("stop")]])
    *_, end = await Run(provider, earlier=earlier).events()
    assert isinstance(end, Done)
    assert end.usage == Usage(17, 18, exact=False)


async def test_a_handed_over_answer_has_no_end() -> None:
    provider = Played([[TEXT, Delta(0, ONCE)], None])
    run = Run(provider)
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    run.engine.interrupt(Interrupt.HAND_OVER)
    assert await running == [TEXT, Delta(0, ONCE)]
    assert run.engine.is_handed_over
    assert provider.closed == 1


async def test_a_first_token_that_came_to_another_process_has_no_time() -> None:
    earlier = Earlier((Part("text", ONCE),), attempt=2, queued_ms=5, passed_ms=7000)
    *_, end = await Run(Played([[TEXT, Delta(0, "!"), Finished("stop")]]), earlier=earlier).events()
    assert isinstance(end, Done)
    assert (end.timings.queued_ms, end.timings.first_token_ms) == (5, None)
    assert end.timings.total_ms >= 7000
