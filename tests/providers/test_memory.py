"""What a provider sends, however odd, costs memory only while it is looked at."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import psutil
import pytest

from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.background import BackgroundProvider
from streaming.providers.base import Finished, Provider
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script, Simulator, simulator_process

from .listening import question

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def apart() -> Iterator[Simulator]:
    """In a process of its own, so that its memory is not counted."""
    with simulator_process() as simulator:
        yield simulator


@pytest.fixture(params=["openai", "anthropic", "responses"])
def provider(request: pytest.FixtureRequest, apart: Simulator) -> Provider:
    openai, anthropic = apart.base_url_openai, apart.base_url_anthropic
    match request.param:
        case "openai":
            return OpenAIProvider(api_key="k", base_url=openai)
        case "anthropic":
            return AnthropicProvider(api_key="k", base_url=anthropic)
    return BackgroundProvider(api_key="k", base_url=openai)


async def consume(provider: Provider, script: Script) -> tuple[int, int]:
    """Keeps nothing. Gives the highest number of bytes that were resident, and of text."""
    process, peak, characters, reason = psutil.Process(), 0, 0, ""
    async with provider.stream(question(script)) as batches:
        async for batch in batches:
            for output in batch:
                characters += len(getattr(output, "text", ""))
                if isinstance(output, Finished):
                    reason = output.reason
            peak = max(peak, process.memory_info().rss)
    assert reason == "stop"
    return peak, characters


async def test_a_10_mib_delta_is_copied_a_few_times_and_let_go(provider: Provider) -> None:
    size = 10 * MIB
    await consume(provider, Script())
    tracemalloc.start()
    try:
        await consume(provider, Script())
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        _, characters = await consume(provider, Script(tokens=4, fault="huge", at=2, size=size))
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert characters > size
    assert peak - before < 8 * size
    assert after - before < MIB
    await provider.close()


async def test_a_million_empty_deltas_cost_nothing(provider: Provider) -> None:
    # All of the million on the wire that most servers speak: it takes 4 s on each.
    size = 1_000_000 if type(provider) is OpenAIProvider else 100_000
    await consume(provider, Script())
    before = psutil.Process().memory_info().rss
    peak, characters = await consume(provider, Script(tokens=4, fault="empty", at=2, size=size))
    assert characters == len(Script(tokens=4).text())
    assert peak - before < 16 * MIB
    await provider.close()
