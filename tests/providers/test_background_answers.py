"""What an engine makes of background mode: one answer, one upstream call, whatever breaks."""

from __future__ import annotations

import asyncio

import pytest

from streaming.engine import Engine, Interrupt
from streaming.events import Done, Event, Incomplete, Started, Waiting
from streaming.log.base import Claim
from streaming.log.memory import MemoryLog
from streaming.patience import Patience
from streaming.providers.background import BackgroundProvider
from tests.log.contract import new_key
from tests.simulator import Script, Simulator

from .listening import question
from .test_background import calls


def engine(provider: BackgroundProvider, script: Script, log: MemoryLog) -> Engine:
    claim = Claim(1, new_key(), epoch=1)
    patience = Patience(10, 0.5 if script.fault == "stall" else 10)
    return Engine(log, claim, question(script), provider, patience=lambda: patience)


async def answered(provider: BackgroundProvider, script: Script) -> tuple[str, list[Event]]:
    """The visible text, and the events."""
    log = MemoryLog()
    running = engine(provider, script, log)
    await asyncio.wait_for(running.run(), 20)
    text = "".join(part.text for part in running.parts if part.type == "text")
    return text, [entry.event for entry in log.entries[1]]


@pytest.mark.parametrize("fault", ["cut", "reset", "eof", "malformed", "stall"])
async def test_it_reads_on_after_a_loss(
    background: BackgroundProvider, simulator: Simulator, fault: str
) -> None:
    script = Script(tokens=30, reasoning=3, tps=300, fault=fault, at=9, times=2, overlap=30)
    text, events = await answered(background, script)
    assert text == script.text()
    assert [event.attempt for event in events if isinstance(event, Started)] == [2, 3]
    assert [call.partition(" ")[0] for call in calls(simulator)] == ["create", "read", "read"]
    assert isinstance(events[-1], Done)
    assert events[-1].usage.output_tokens == 33
    assert events[-1].usage.exact


async def test_it_does_not_ask_twice_when_it_is_lost_before_its_first_word(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    script = Script(tokens=30, tps=300, fault="cut", times=1)
    text, events = await answered(background, script)
    assert text == script.text()
    assert isinstance(events[0], Waiting)
    assert [call.partition(" ")[0] for call in calls(simulator)] == ["create", "read"]


@pytest.mark.parametrize(
    "lost",
    [{"fault": "status", "status": 404}, {"fault": "status", "status": 400, "message": "too old"}],
    ids=["404", "400"],
)
async def test_it_asks_for_the_rest_when_the_cursor_is_lost(
    background: BackgroundProvider, simulator: Simulator, lost: dict[str, object]
) -> None:
    script = Script(tokens=30, tps=300, by_call=({"fault": "cut", "at": 9}, lost), overlap=30)
    text, events = await answered(background, script)
    assert text == script.text()
    assert isinstance(events[-1], Done)
    names = [call.partition(" ")[0] for call in calls(simulator)]
    assert [name for name in names if name != "cancel"] == ["create", "read", "create"]


async def test_it_asks_for_the_rest_when_the_answer_failed(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    script = Script(tokens=30, tps=300, fault="error", at=9, times=1)
    text, events = await answered(background, script)
    assert text == script.text()
    assert isinstance(events[-1], Done)
    names = [call.partition(" ")[0] for call in calls(simulator)]
    # The last words and the failure may come together: then there is nothing to read on.
    assert [name for name in names if name != "read"] == ["create", "create"]


@pytest.mark.parametrize("first_after", [0, 60])
async def test_a_stop_ends_it_there_too(
    background: BackgroundProvider, simulator: Simulator, first_after: float
) -> None:
    script = Script(id="stop", tokens=1000, tps=100, first_after=first_after)
    running = engine(background, script, MemoryLog())
    task = asyncio.ensure_future(running.run())
    for _ in range(500):
        if any(call["first_byte"] for call in await simulator.acalls(script="stop")):
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # what was sent is read: the answer's name, and some tokens
    running.interrupt(Interrupt.STOP)
    await task
    await running.cancel_unwanted()
    await simulator.await_for("client_closed", script="stop")
    assert calls(simulator) == ["create", "cancel"]


async def test_it_gives_up_at_last(background: BackgroundProvider) -> None:
    script = Script(tokens=300, tps=1000, fault="cut", at=9)
    text, events = await answered(background, script)
    assert isinstance(events[-1], Incomplete)
    assert script.text().startswith(text)
