"""How a call ends decides whether there is another one: none that nobody needs."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from streaming.engine import Interrupt
from streaming.events import Delta, Done, Event, Failed, Incomplete, Waiting, dumps
from streaming.fold import fold
from streaming.log.base import Fenced
from streaming.parts import Part, visible_text
from streaming.progress import Earlier
from streaming.providers.base import Finished, ProviderError, Resumable, UsageReported

from .played import OVERLOADED, REFUSED, TEXT, USAGE, Played, Run, Step

ONCE = "Once upon a time there was a log, and"
LOST = ProviderError("unreachable", "Gone.", recoverable=True)


def said(events: list[Event]) -> str:
    return visible_text(fold(events).parts)


async def test_a_new_call_that_failed_for_good_is_not_made_again() -> None:
    provider = Played([[Resumable("c1")], REFUSED])
    *events, end = await Run(provider).events()
    assert (events, provider.made) == ([], 1)
    assert isinstance(end, Failed)
    assert end.code == "unauthorized"


async def test_nor_is_one_for_the_rest() -> None:
    provider = Played([[TEXT, Delta(0, ONCE)], LOST], [[Resumable("c2")], REFUSED])
    *events, end = await Run(provider).events()
    assert (said(events), provider.made) == (ONCE, 2)
    assert isinstance(end, Incomplete)


async def test_one_that_was_resumed_in_vain_is_asked_for_anew_only_once() -> None:
    provider = Played([[Resumable("c1")], OVERLOADED], [REFUSED], [[Resumable("c2")], REFUSED])
    *events, end = await Run(provider).events()
    assert provider.resumed == ["", "c1", ""]
    assert [type(event) for event in events] == [Waiting]
    assert isinstance(end, Failed)


@pytest.mark.parametrize("why", [Interrupt.HAND_OVER, Interrupt.SHUTDOWN])
async def test_an_answer_that_is_whole_is_not_handed_over(why: Interrupt) -> None:
    whole: list[Step] = [[TEXT, Delta(0, ONCE), UsageReported(USAGE), Finished("stop")], None]
    run = Run(Played(whole))
    running = asyncio.create_task(run.events())
    await run.engine.provider.waiting.wait()  # type: ignore[union-attr]
    run.engine.interrupt(why)
    *_, end = await running
    assert isinstance(end, Done)
    assert end.usage == USAGE
    assert not run.engine.is_handed_over


@pytest.mark.parametrize("before", [[TEXT, Delta(0, ONCE)], []], ids=["after words", "before any"])
async def test_who_was_paused_beyond_its_lease_calls_nobody(before: list[Delta]) -> None:
    provider = Played([before, None], [[Finished("stop")]])
    run = Run(provider, first_s=0.2, next_s=0.2)
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    await run.log.flushed(run.claim)
    run.log.epochs[1] = 2  # somebody else has it, and here nobody knows
    with pytest.raises(Fenced):
        await running
    assert provider.made == 1


async def test_a_stop_reaches_the_provider_while_the_seam_is_open() -> None:
    provider = Played(
        [[TEXT, Delta(0, ONCE)], LOST], [[TEXT, Delta(0, "there was"), Resumable("c2")], None]
    )
    run = Run(provider)
    running = asyncio.create_task(run.events())
    await provider.waiting.wait()
    run.engine.interrupt(Interrupt.STOP, uuid4())
    assert said(await running) == ONCE
    await run.engine.cancel_unwanted()
    assert provider.cancelled == ["c2"]


async def test_a_stop_reaches_the_provider_before_another_process_has_gone_on() -> None:
    kept = dumps({"cursor": "c1", "parts": [0], "run": 1})
    provider = Played()
    run = Run(provider, earlier=Earlier((Part("text", ONCE),), 2, resume=kept))
    run.engine.interrupt(Interrupt.STOP, uuid4())
    await run.events()
    await run.engine.cancel_unwanted()
    assert (provider.cancelled, provider.made) == (["c1"], 0)


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (" \n", " \nHello", " \nHello"),
        ("\n", "\n\nHello", "\n\nHello"),
        ("\n\n", "\nHello", "\n\nHello"),
        (" ", "Hello", " Hello"),
        ("\n", "\n", "\n"),
    ],
)
async def test_white_space_alone_is_not_said_twice(first: str, second: str, whole: str) -> None:
    """Nobody can go on with it, so that a model is asked anew."""
    provider = Played(
        [[TEXT, Delta(0, first)], LOST],
        [[TEXT, *(Delta(0, letter) for letter in second)], [Finished("stop")]],
    )
    *events, end = await Run(provider).events()
    assert isinstance(end, Done)
    assert said(events) == whole
