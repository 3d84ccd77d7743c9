"""What is sent: the conversation, the options that the model takes, where an answer broke off."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.parts import Part
from streaming.prompt import Prompt, Turn
from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.base import Provider
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script, Simulator

from .conftest import KEY
from .listening import listen, question


def user(*texts: str) -> Turn:
    return Turn("user", tuple(Part("text", text) for text in texts))


def assistant(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def bodies(simulator: Simulator) -> list[dict[str, Any]]:
    return [call["body"] for call in simulator.calls()]


def messages(simulator: Simulator) -> list[dict[str, str]]:
    """Of the first call, whatever its wire calls them."""
    body = bodies(simulator)[0]
    listed: list[dict[str, str]] = body.get("messages") or body["input"]
    return listed


TURNS = (
    user("first"),
    assistant(Part("reasoning", "hidden"), Part("text", "one"), Part("text", "two")),
    user("second"),
    assistant(Part("refusal", "I would rather not.")),
    user("third"),
)
MESSAGES = [
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "one\n\ntwo"},
    {"role": "user", "content": "second"},
    {"role": "assistant", "content": "I would rather not."},
    {"role": "user", "content": "third"},
]


async def test_it_sends_the_conversation_to_openai(
    openai: OpenAIProvider, simulator: Simulator
) -> None:
    await listen(openai, Prompt("openai/gpt-x/y", TURNS, system="Be brief."))
    [body] = bodies(simulator)
    assert body["model"] == "gpt-x/y"
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, *MESSAGES]
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


async def test_it_sends_the_conversation_to_anthropic(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    await listen(anthropic, Prompt("anthropic/claude-x", TURNS, system="Be brief."))
    [body] = bodies(simulator)
    assert body == {
        "model": "claude-x",
        "messages": MESSAGES,
        "system": "Be brief.",
        "max_tokens": 8192,
        "stream": True,
    }


async def test_it_joins_neighbours_where_an_answer_was_empty(
    provider: Provider, simulator: Simulator
) -> None:
    turns = (user("first"), assistant(Part("reasoning", "hm")), user("second"))
    await listen(provider, Prompt("x/model", turns))
    assert messages(simulator) == [{"role": "user", "content": "first\n\nsecond"}]


async def test_it_sends_any_text(provider: Provider, simulator: Simulator) -> None:
    text = Script(tokens=200, alphabet="hostile").text()
    await listen(provider, Prompt("x/model", (user(text),)))
    assert messages(simulator)[0]["content"] == text


OPTIONS = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "stop": ["END"], "unheard_of": 1}


async def test_it_passes_on_the_options_that_openai_takes(
    openai: OpenAIProvider, simulator: Simulator
) -> None:
    await listen(openai, question("", options=OPTIONS))
    [body] = bodies(simulator)
    kept = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "stop": ["END"]}
    assert {name: body.get(name) for name in (*OPTIONS, "unheard_of")} == {
        **kept,
        "unheard_of": None,
    }


async def test_it_passes_on_the_options_that_anthropic_takes(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    heard = await listen(anthropic, question("", options=OPTIONS))
    assert heard.error is None
    [body] = bodies(simulator)
    assert body["max_tokens"] == 7
    assert body["stop_sequences"] == ["END"]
    assert not body.keys() & {"temperature", "top_p", "stop", "unheard_of"}


@pytest.mark.parametrize(
    ("refuse", "sent"),
    [
        (("max_tokens",), {"max_completion_tokens": 7, "temperature": 0.5}),
        (("temperature",), {"max_tokens": 7}),
        (("max_tokens", "temperature", "stream_options"), {"max_completion_tokens": 7}),
    ],
)
async def test_it_leaves_out_what_a_server_does_not_know(
    openai: OpenAIProvider, simulator: Simulator, refuse: tuple[str, ...], sent: dict[str, Any]
) -> None:
    script = Script(refuse=refuse)
    prompt = question(script, options={"max_tokens": 7, "temperature": 0.5})
    assert (await listen(openai, prompt)).text() == script.text()
    last = bodies(simulator)[-1]
    optional = ("max_tokens", "max_completion_tokens", "temperature")
    assert {name: last[name] for name in optional if name in last} == sent

    simulator.clear()
    assert (await listen(openai, prompt)).text() == script.text()
    assert bodies(simulator) == [last], "what was refused once is not tried again"


async def test_it_does_not_hide_that_a_value_is_wrong(
    openai: OpenAIProvider, simulator: Simulator
) -> None:
    words = "Invalid 'temperature': decimal above maximum value."
    script = Script(fault="status", status=400, code="decimal_above_max_value", message=words)
    heard = await listen(openai, question(script, options={"temperature": 9}))
    assert heard.error is not None
    assert words.rstrip(".") in heard.error.message
    assert len(simulator.calls()) == 1


async def test_a_local_server_gets_no_key_and_no_name_of_an_account(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-canary")
    ollama = OpenAIProvider(name="ollama", label="Ollama", base_url=simulator.base_url_openai)
    await ollama.models()
    assert (await listen(ollama, Script())).reason == "stop"
    calls = simulator.calls()
    assert [call["auth"] for call in calls] == [False, False]
    assert "canary" not in str(calls)
    await ollama.close()


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    provider = OpenAIProvider(api_key=KEY, base_url=simulator.base_url_openai)
    assert (await listen(provider, Script())).reason == "stop"
    await provider.close()


# ------------------------------------------------------------------ going on with an answer


def broken_off(script: Script, tokens: int, model: str = "x/model") -> Prompt:
    partial = (Part("reasoning", "hm"), Part("text", script.text(tokens)))
    return question(script, model, partial=partial)


@pytest.mark.parametrize("tokens", [1, 10, 19])
async def test_it_asks_to_go_on_where_the_answer_broke_off(
    provider: Provider, simulator: Simulator, tokens: int
) -> None:
    script = Script(tokens=20, seed=4)
    heard = await listen(provider, broken_off(script, tokens))
    assert script.text(tokens) + heard.text() == script.text()
    _, said, asked = messages(simulator)
    assert said == {"role": "assistant", "content": script.text(tokens)}
    assert asked["role"] == "user"
    assert script.text(tokens)[-100:] in asked["content"]


async def test_it_starts_again_when_nothing_was_said(
    provider: Provider, simulator: Simulator
) -> None:
    prompt = question(Script(), partial=(Part("reasoning", "thinking"), Part("text", " \n")))
    await listen(provider, prompt)
    assert len(messages(simulator)) == 1


async def test_it_puts_the_answer_into_the_mouth_of_a_model_that_takes_it(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    script = Script(tokens=20, seed=4)
    heard = await listen(anthropic, broken_off(script, 10, "anthropic/claude-haiku-4-5"))
    assert script.text(10) + heard.text() == script.text()
    assert bodies(simulator)[0]["messages"][-1] == {
        "role": "assistant",
        "content": script.text(10),
    }


async def test_it_asks_when_a_model_does_not_take_it_after_all(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    script = Script(tokens=20, seed=4, refuse=("prefill",))
    prompt = broken_off(script, 10, "anthropic/claude-haiku-4-5")
    for calls in (2, 3):
        heard = await listen(anthropic, prompt)
        assert script.text(10) + heard.text() == script.text()
        assert len(simulator.calls()) == calls
    assert [body["messages"][-1]["role"] for body in bodies(simulator)] == [
        *("assistant", "user", "user")
    ]


async def test_it_asks_when_the_answer_broke_off_at_white_space(
    anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    partial = (Part("text", "a line\n"),)
    await listen(anthropic, question("", "anthropic/claude-haiku-4-5", partial=partial))
    assert bodies(simulator)[0]["messages"][-1]["role"] == "user"
