"""Which models are offered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.base import ProviderError
from streaming.providers.local import answers, is_local
from streaming.providers.openai import OpenAIProvider, chats
from tests.simulator import Script, Simulator

from .conftest import KEY
from .listening import listen, question


async def test_it_offers_the_models_that_chat(openai: OpenAIProvider) -> None:
    assert [model.id for model in await openai.models()] == ["openai/sim-one", "openai/sim-two"]


async def test_it_names_models_after_the_provider(simulator: Simulator) -> None:
    provider = OpenAIProvider(name="lmstudio", label="x", base_url=simulator.base_url_openai)
    assert {model.id.partition("/")[0] for model in await provider.models()} == {"lmstudio"}
    await provider.close()


async def test_it_offers_the_models_that_are_not_retired(anthropic: AnthropicProvider) -> None:
    first, second = await anthropic.models()
    assert first.id == "anthropic/claude-sim-1"
    assert first.label == "Claude Sim 1"
    assert first.capabilities == {"reasoning": True, "vision": True, "prefill": False}
    assert first.context_window == 200_000
    assert second.capabilities["prefill"]


async def test_it_uses_what_the_list_says_of_a_model(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    await anthropic.models()
    await listen(anthropic, question(Script(), "anthropic/claude-sim-1"))
    await listen(
        anthropic, question(Script(), "anthropic/claude-sim-1", options={"max_tokens": 10**6})
    )
    _, plain, greedy = (call["body"] for call in simulator.calls())
    assert plain["max_tokens"] == 32_000
    assert plain["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert greedy["max_tokens"] == 64_000


async def test_it_thinks_no_more_when_the_model_refuses_to(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    await anthropic.models()
    script = Script(refuse=("thinking",))
    heard = await listen(anthropic, question(script, "anthropic/claude-sim-1"))
    assert heard.text() == script.text()
    assert "thinking" not in simulator.calls()[-1]["body"]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (Script(fault="status", status=401), "unauthorized"),
        (Script(fault="status", status=500), "server_error"),
        (Script(fault="page"), "malformed"),
        (Script(fault="html"), "server_error"),
        (Script(fault="drop"), "unreachable"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.fault,
)
@pytest.mark.parametrize("wire", ["openai", "anthropic"])
async def test_it_says_why_it_cannot_list_them(
    simulator: Simulator, wire: str, script: Script, code: str
) -> None:
    at = simulator.scripted(script)
    provider = (
        OpenAIProvider(api_key=KEY, base_url=at.base_url_openai)
        if wire == "openai"
        else AnthropicProvider(api_key=KEY, base_url=at.base_url_anthropic)
    )
    with pytest.raises(ProviderError) as caught:
        await provider.models()
    assert caught.value.code == code
    await provider.close()


@pytest.mark.parametrize(
    ("name", "good"),
    [
        *((name, True) for name in ("gpt-6-sol", "gpt-4.1-mini", "o3", "chatgpt-4o-latest")),
        *((name, True) for name in ("ft:gpt-4o-mini:me::1", "codex-mini-latest")),
        *((name, False) for name in ("text-embedding-3-small", "whisper-1", "dall-e-3", "tts-1")),
        *((name, False) for name in ("gpt-4o-audio-preview", "gpt-4o-realtime-preview", "sora-2")),
        *((name, False) for name in ("gpt-image-1", "omni-moderation-latest", "babbage-002")),
        *((name, False) for name in ("gpt-4o-transcribe", "gpt-3.5-turbo-instruct")),
    ],
)
def test_of_the_official_list_it_offers_what_chats(name: str, good: bool) -> None:
    assert chats(name, official=True) is good


@pytest.mark.parametrize("name", ["llama3.2:3b", "models/gemini-3-pro", "qwen/qwen3-8b"])
def test_of_other_lists_it_offers_what_it_does_not_know(name: str) -> None:
    assert chats(name, official=False)
    assert not chats("nomic-embed-text", official=False)


@pytest.mark.parametrize(
    ("base_url", "local"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://[::1]:8080/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://192.168.1.7:11434/v1", False),
    ],
)
def test_it_knows_this_machine_by_its_names(base_url: str, local: bool) -> None:
    assert is_local(base_url) is local


async def test_it_notices_whether_anything_listens(simulator: Simulator) -> None:
    assert await answers(simulator.base_url_openai)
    assert not await answers("http://127.0.0.1:1/v1")


def test_a_local_server_that_is_not_there_costs_no_import() -> None:
    """The SDKs take seconds and 60 MiB; whoever runs the demo only should not pay for them."""
    program = """
import asyncio, sys
from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.openai import OpenAIProvider
from streaming.providers.base import ProviderError

async def main():
    AnthropicProvider(api_key="")
    try:
        await OpenAIProvider(name="ollama", label="Ollama", base_url="http://127.0.0.1:1").models()
    except ProviderError as error:
        print(error.code, sorted({"openai", "anthropic"} & set(sys.modules)))

asyncio.run(main())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "unreachable []"
