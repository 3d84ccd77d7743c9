"""Every fault that a provider may have, on every wire: one documented error, and nothing left."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from streaming.providers.base import Provider
from tests.simulator import FAULTS, Script, Simulator

from .listening import Heard, listen

#: What the engine judges by its clock: here the listener goes away.
SILENT = ("silent", "stall", "pings", "hang")


@dataclass(frozen=True)
class Outcome:
    """What is heard of a fault after five tokens of nine."""

    #: The error's code, or "" when there is none: then it ended by itself.
    code: str
    recoverable: bool = False
    #: How many tokens were shown; ``None``: not said.
    tokens: int | None = 0
    #: The finish reason; empty for an answer without an end.
    reason: str = ""


OUTCOMES = {
    "drop": Outcome("unreachable", recoverable=True),
    "html": Outcome("server_error", recoverable=True),
    "page": Outcome("unreachable"),
    "redirect": Outcome("unreachable"),
    "status": Outcome("server_error", recoverable=True),
    "error": Outcome("overloaded", recoverable=True, tokens=5),
    # RST may overtake what was sent before it.
    "reset": Outcome("unreachable", recoverable=True, tokens=None),
    "cut": Outcome("unreachable", recoverable=True, tokens=5),
    "malformed": Outcome("malformed", recoverable=True, tokens=5),
    "not_an_object": Outcome("malformed", recoverable=True, tokens=5),
    "eof": Outcome("", tokens=5),
    "no_stop": Outcome("", tokens=9),
    "unknown": Outcome("", tokens=9, reason="stop"),
    "empty": Outcome("", tokens=9, reason="stop"),
    "huge": Outcome("", tokens=None, reason="stop"),
    "huge_line": Outcome("malformed", recoverable=True, tokens=5),
    "invalid_utf8": Outcome("", tokens=None, reason="stop"),
}


def test_no_fault_is_forgotten() -> None:
    assert {*OUTCOMES, *SILENT, "endless"} == {*FAULTS}


def faulty(fault: str) -> Script:
    script = Script(id=fault, tokens=9, tps=300, fault=fault, at=5, size=3000, status=500)
    return replace(script, to="http://localhost:9/v1") if fault == "redirect" else script


@pytest.mark.parametrize("fault", OUTCOMES)
async def test_it_is_told_as_one_error_and_leaves_no_connection(
    provider: Provider, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("streaming.sse.Decoder.__init__.__defaults__", (65536,))
    script = replace(faulty(fault), size=200_000) if fault == "huge_line" else faulty(fault)
    expected = OUTCOMES[fault]
    heard = await listen(provider, script)
    [call] = await simulator.await_for("ended")
    if (fault, call["wire"]) == ("no_stop", "openai"):  # its end marker is the finish reason
        expected = replace(expected, reason="stop")
    assert (heard.error.code if heard.error else "") == expected.code
    assert bool(heard.error and heard.error.recoverable) == expected.recoverable
    assert heard.reason == expected.reason
    if expected.tokens is not None:
        assert heard.text() == script.text(expected.tokens)


@pytest.mark.parametrize("fault", [*SILENT, "endless"])
async def test_it_waits_no_longer_than_its_listener(
    provider: Provider, simulator: Simulator, fault: str
) -> None:
    heard = Heard()
    with suppress(TimeoutError):  # chat completions say all that matters before they hang
        async with asyncio.timeout(0.4):
            await listen(provider, faulty(fault), so_far=heard)
    if fault != "endless":
        assert heard.text() == faulty(fault).text({"silent": 0, "hang": 9}.get(fault, 5))
    assert heard.error is None
    assert len(await simulator.await_for("ended")) == 1


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503, 529])
@pytest.mark.parametrize("value", ["20", "0", "1000000000", "garbage", "", "-1", None])
async def test_a_status_has_one_code_whatever_it_asks_for(
    provider: Provider, status: int, value: str | None
) -> None:
    script = Script(fault="status", status=status, retry_after=value)
    error = (await listen(provider, script)).error
    assert error is not None
    assert (error.code, error.recoverable) == {
        401: ("unauthorized", False),
        404: ("model_not_found", False),
        429: ("rate_limited", True),
        500: ("server_error", True),
        503: ("overloaded", True),
        529: ("overloaded", True),
    }[status]
    asked = float(value) if value in ("20", "0", "1000000000") else None
    assert error.retry_after_s == (asked if error.recoverable else None)


@pytest.mark.parametrize("seconds", [-3600, 90])
async def test_a_date_to_wait_for_is_so_many_seconds_away(provider: Provider, seconds: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    error = (await listen(provider, Script(fault="status", status=429, retry_after=date))).error
    assert error is not None
    assert error.retry_after_s is not None
    assert max(0, seconds - 10) <= error.retry_after_s <= max(0, seconds)


async def test_a_refused_connection_may_be_tried_again(
    provider: Provider, simulator: Simulator
) -> None:
    assert (await listen(provider, Script())).reason == "stop"
    await asyncio.to_thread(simulator.refuse, 0.5)
    error = (await listen(provider, Script())).error
    assert error is not None
    assert (error.code, error.recoverable) == ("unreachable", True)
    heard = Heard()
    for _ in range(100):
        if (heard := await listen(provider, Script())).error is None:
            break
        await asyncio.sleep(0.05)
    assert heard.text() == Script().text()


@pytest.mark.parametrize("wire", ["openai", "anthropic", "responses"])
async def test_broken_tls_says_so_and_may_be_tried_again(
    providers: dict[str, Provider], simulator: Simulator, wire: str
) -> None:
    provider = type(providers[wire])(  # type: ignore[call-arg] # each of the three takes them
        api_key="sk-test", base_url=simulator.base_url_without_tls
    )
    error = (await listen(provider, Script())).error
    assert error is not None
    assert (error.code, error.recoverable) == ("unreachable", True)
    assert "TLS" in error.message
    await provider.close()
