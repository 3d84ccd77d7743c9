"""Leaving a call closes its connection at once; a finished one is kept for the next."""

from __future__ import annotations

import asyncio

import pytest

from streaming.providers.base import Provider
from tests.simulator import Script, Simulator

from .listening import listen, question


async def test_leaving_in_mid_answer_closes_the_connection(
    provider: Provider, simulator: Simulator
) -> None:
    async with provider.stream(question(Script(id="mid", tps=50, tokens=500))) as batches:
        async for batch in batches:
            if batch:
                break
    [call] = await simulator.await_for("client_closed", script="mid")
    assert call["tokens"] < 400


@pytest.mark.parametrize(
    "script",
    [
        Script(id="silent", fault="silent"),
        Script(id="late", headers_after=60),
        Script(id="stall", fault="stall"),
        Script(id="slow", first_after=60),
        Script(id="pings", fault="pings"),
    ],
    ids=lambda script: script.id,
)
async def test_cancelling_before_the_first_token_closes_the_connection(
    provider: Provider, simulator: Simulator, script: Script
) -> None:
    listening = asyncio.create_task(listen(provider, script))
    await simulator.await_for("open", script=script.id)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await simulator.await_for("client_closed", script=script.id)


async def test_a_timeout_around_it_closes_the_connection(
    provider: Provider, simulator: Simulator
) -> None:
    script = Script(id="timeout", fault="stall", at=3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await listen(provider, script)
    [call] = await simulator.await_for("client_closed", script="timeout")
    assert call["tokens"] == 3


async def test_an_error_of_the_one_who_listens_closes_the_connection(
    provider: Provider, simulator: Simulator
) -> None:
    async def fail() -> None:
        async with provider.stream(question(Script(id="raise", tps=50, tokens=500))) as batches:
            async for _ in batches:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await simulator.await_for("client_closed", script="raise")


async def test_pings_come_as_empty_batches(provider: Provider) -> None:
    seen = 0
    async with provider.stream(question(Script(fault="pings", at=0))) as batches:
        async for batch in batches:
            seen += not batch
            if seen == 3:
                break
    assert seen == 3


async def test_a_finished_answer_leaves_a_connection_for_the_next(
    provider: Provider, simulator: Simulator
) -> None:
    for _ in range(3):
        assert (await listen(provider, Script(id="reuse", split=40))).reason == "stop"
    calls = simulator.wait_for("complete", script="reuse", count=3)
    assert len({call["connection"] for call in calls}) == 1


async def test_it_is_over_after_its_end(provider: Provider) -> None:
    async with provider.stream(question(Script())) as batches:
        heard = [batch async for batch in batches]
        assert heard
        with pytest.raises(StopAsyncIteration):
            await anext(batches)


async def test_many_calls_at_once_do_not_wait_for_each_other(
    provider: Provider, simulator: Simulator
) -> None:
    script = Script(id="many", fault="stall", at=1)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(provider, script)) for _ in range(150)]
        await simulator.await_for("open", script="many", count=150, timeout=30)
        for task in tasks:
            task.cancel()
    await simulator.await_for("client_closed", script="many", count=150)
