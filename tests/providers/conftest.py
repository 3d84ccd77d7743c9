"""Both vendors' providers against one simulator, over real HTTP and through the real SDKs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.background import BackgroundProvider
from streaming.providers.base import Provider
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Simulator, simulator_in_thread

KEY = "sk-canary-0123456789"


@pytest.fixture(scope="session")
def _simulator() -> Iterator[Simulator]:
    with simulator_in_thread() as simulator:
        yield simulator


@pytest.fixture
def simulator(_simulator: Simulator) -> Simulator:
    _simulator.clear()
    return _simulator


@pytest.fixture
async def openai(simulator: Simulator) -> AsyncIterator[OpenAIProvider]:
    provider = OpenAIProvider(api_key=KEY, base_url=simulator.base_url_openai)
    yield provider
    await provider.close()


@pytest.fixture
async def anthropic(simulator: Simulator) -> AsyncIterator[AnthropicProvider]:
    provider = AnthropicProvider(api_key=KEY, base_url=simulator.base_url_anthropic)
    yield provider
    await provider.close()


@pytest.fixture
async def background(simulator: Simulator) -> AsyncIterator[BackgroundProvider]:
    provider = BackgroundProvider(api_key=KEY, base_url=simulator.base_url_openai)
    yield provider
    await provider.close()


@pytest.fixture
def providers(
    openai: OpenAIProvider, anthropic: AnthropicProvider, background: BackgroundProvider
) -> dict[str, Provider]:
    """By the name of their wire."""
    return {"openai": openai, "anthropic": anthropic, "responses": background}


@pytest.fixture(params=["openai", "anthropic", "responses"])
def provider(request: pytest.FixtureRequest, providers: dict[str, Provider]) -> Provider:
    """Each of the three in turn."""
    return providers[request.param]
