"""What a vendor sends arrives to the code point, on both wires."""

from __future__ import annotations

import pytest

from streaming.events import Delta
from streaming.providers.base import LONGEST_DELTA, Provider
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script, Simulator

from .listening import listen


@pytest.mark.parametrize("seed", range(1, 6))
async def test_it_reads_300_hostile_tokens_exactly(provider: Provider, seed: int) -> None:
    script = Script(tokens=300, seed=seed, alphabet="hostile")
    heard = await listen(provider, script)
    assert heard.text() == script.text()
    assert heard.reason == "stop"


@pytest.mark.parametrize("split", [1, 2, 3, 7, 61])
async def test_it_does_not_matter_where_the_network_cuts(provider: Provider, split: int) -> None:
    script = Script(tokens=40, reasoning=5, seed=9, alphabet="hostile", split=split)
    heard = await listen(provider, script)
    assert heard.text() == script.text()
    assert heard.text("reasoning") == script.reasoning_text()


@pytest.mark.parametrize("wire", ["openai", "responses"])
async def test_it_keeps_reasoning_text_refusal_and_tool_calls_apart(
    providers: dict[str, Provider], wire: str
) -> None:
    script = Script(tokens=10, reasoning=10, refusal=4, tools=2, alphabet="hostile")
    heard = await listen(providers[wire], script)
    assert [part.type for part in heard.parts] == [
        *("reasoning", "text", "refusal", "tool_call", "tool_call")
    ]
    assert heard.text("reasoning") == script.reasoning_text()
    assert heard.text() == script.text()
    assert heard.text("refusal") == script.refusal_text()
    assert heard.reason == "tool_calls"


async def test_it_tells_tool_calls_with_name_id_and_arguments(provider: Provider) -> None:
    script = Script(tokens=3, tools=3)
    heard = await listen(provider, script)
    calls = [(part.call, part.name, part.text) for part in heard.parts if part.type == "tool_call"]
    assert calls == script.tool_calls()


async def test_it_reads_reasoning_under_its_other_name(openai: OpenAIProvider) -> None:
    script = Script(reasoning=5, reasoning_field="reasoning")
    assert (await listen(openai, script)).text("reasoning") == script.reasoning_text()


async def test_it_counts_what_the_vendor_counted(provider: Provider, simulator: Simulator) -> None:
    heard = await listen(provider, Script(tokens=30, reasoning=12, id="usage"))
    [call] = simulator.wait_for("complete", script="usage")
    assert heard.usage is not None
    assert heard.usage.output_tokens == call["tokens"] == 42
    assert heard.usage.exact
    assert heard.usage.cached_tokens == 3
    assert heard.usage.input_tokens > 3
    assert heard.usage.reasoning_tokens == (None if call["wire"] == "anthropic" else 12)


@pytest.mark.parametrize("usage", ["missing", "absurd"])
async def test_it_reports_no_count_that_cannot_be_one(provider: Provider, usage: str) -> None:
    heard = await listen(provider, Script(usage=usage))
    assert heard.usage is None
    assert heard.reason == "stop"


async def test_it_reports_a_count_once_that_came_with_every_token(openai: OpenAIProvider) -> None:
    heard = await listen(openai, Script(tokens=5, usage="every"))
    assert heard.usage is not None
    assert heard.usage.output_tokens == 5
    assert len([output for output in heard.outputs if hasattr(output, "usage")]) == 1


@pytest.mark.parametrize(
    ("wire", "theirs", "ours"),
    [
        ("openai", "length", "length"),
        ("openai", "content_filter", "content_filter"),
        ("openai", "function_call", "tool_calls"),
        ("openai", "STOP", "stop"),
        ("openai", "something_new", "something_new"),
        ("anthropic", "end_turn", "stop"),
        ("anthropic", "stop_sequence", "stop"),
        ("anthropic", "max_tokens", "length"),
        ("anthropic", "model_context_window_exceeded", "length"),
        ("anthropic", "tool_use", "tool_calls"),
        ("anthropic", "refusal", "refusal"),
        ("anthropic", "pause_turn", "pause_turn"),
        ("responses", "", "stop"),
        ("responses", "max_output_tokens", "length"),
        ("responses", "max_messages", "length"),
        ("responses", "content_filter", "content_filter"),
    ],
)
async def test_it_names_the_end_alike_for_both(
    providers: dict[str, Provider], wire: str, theirs: str, ours: str
) -> None:
    heard = await listen(providers[wire], Script(finish=theirs))
    assert heard.reason == ours


@pytest.mark.parametrize("wire", ["openai", "responses"])
async def test_it_says_refusal_when_one_was_said(providers: dict[str, Provider], wire: str) -> None:
    heard = await listen(providers[wire], Script(tokens=0, refusal=5))
    assert heard.reason == "refusal"


async def test_it_cuts_a_10_mib_delta_into_entries_that_can_be_handed_on(
    provider: Provider,
) -> None:
    size = 10 * 1024 * 1024
    heard = await listen(provider, Script(tokens=4, fault="huge", at=2, size=size))
    assert len(heard.text()) == size + len(Script(tokens=4).text())
    assert heard.reason == "stop"
    deltas = [output for output in heard.outputs if isinstance(output, Delta)]
    assert max(len(delta.text) for delta in deltas) <= LONGEST_DELTA


async def test_it_opens_no_delta_for_empty_ones(provider: Provider) -> None:
    script = Script(tokens=4, fault="empty", at=2, size=10_000)
    heard = await listen(provider, script)
    assert heard.text() == script.text()
    assert all(output.text for output in heard.outputs if isinstance(output, Delta))


async def test_it_ignores_events_and_fields_of_tomorrow(provider: Provider) -> None:
    script = Script(fault="unknown", reasoning=3)
    heard = await listen(provider, script)
    assert heard.text() == script.text()
    assert heard.text("reasoning") == script.reasoning_text()
    assert heard.reason == "stop"


async def test_it_shows_bytes_that_are_not_utf8_as_such(provider: Provider) -> None:
    heard = await listen(provider, Script(tokens=4, fault="invalid_utf8", at=2))
    before, after = Script(tokens=2).text(), Script(tokens=4).text()
    assert heard.text().startswith(before + "\ufffd")
    assert heard.text().endswith(after[len(before) :])
    assert heard.reason == "stop"
