"""An answer in background mode is read on after a drop: exactly, and with no second call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from django.test import override_settings

from streaming.parts import Part
from streaming.providers.anthropic import AnthropicProvider
from streaming.providers.background import BackgroundProvider
from streaming.providers.base import Provider
from streaming.providers.configured import catalogue
from streaming.providers.openai import OpenAIProvider
from streaming.providers.response_stream import Cursor
from tests.simulator import Script, Simulator

from .conftest import KEY
from .listening import Heard, listen, question


def calls(simulator: Simulator) -> list[str]:
    """``create``, ``read`` behind which event, ``cancel``."""
    names = []
    for call in simulator.calls():
        if call["path"].endswith("/models"):
            continue
        if call["method"] == "GET":
            names.append(f"read {call['body']['starting_after']}")
        else:
            names.append("cancel" if call["path"].endswith("/cancel") else "create")
    return names


async def to_the_end(provider: Provider, script: Script) -> Heard:
    """As often as it takes, while there is a way to go on."""
    heard = await listen(provider, script)
    while heard.error is not None and heard.cursor:
        heard = await listen(provider, script, so_far=heard)
    return heard


async def test_it_asks_for_an_answer_that_goes_on_without_us(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    options = {"max_tokens": 7, "temperature": 0.5, "reasoning_effort": "low", "stop": ["END"]}
    await listen(background, question("hello", "openai/gpt-x", system="Be brief.", options=options))
    [call] = simulator.calls()
    assert (call["method"], call["path"], call["auth"]) == ("POST", "/v1/responses", True)
    assert call["body"] == {
        "model": "gpt-x",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "Please: hello"}],
        "stream": True,
        "background": True,
        "store": True,
        "max_output_tokens": 7,
        "temperature": 0.5,
        "reasoning": {"effort": "low"},
    }


@pytest.mark.parametrize("switched_on", [False, True])
def test_a_deployment_switches_it_on(simulator: Simulator, switched_on: bool) -> None:
    url = simulator.base_url_openai
    with override_settings(OPENAI_BASE_URL=url, OPENAI_BACKGROUND=switched_on):
        provider = catalogue().provider("openai/gpt-x")
    assert isinstance(provider, OpenAIProvider)
    assert isinstance(provider, BackgroundProvider) == switched_on


@pytest.mark.parametrize("fault", ["cut", "reset", "eof", "malformed"])
async def test_it_goes_on_behind_the_last_word_after_any_number_of_drops(
    background: BackgroundProvider, simulator: Simulator, fault: str
) -> None:
    drops = tuple({"fault": fault, "at": at} for at in (0, 1, 5, 2, 3, 9))
    script = Script(tokens=30, reasoning=6, tools=2, alphabet="hostile", by_call=drops, tps=500)
    heard = await listen(background, script)
    for _ in drops:
        assert heard.reason == ""
        assert heard.cursor
        heard = await listen(background, script, so_far=heard)
    assert heard.reason == "tool_calls"
    assert [part.type for part in heard.parts] == ["reasoning", "text", "tool_call", "tool_call"]
    assert heard.text("reasoning") == script.reasoning_text()
    assert heard.text() == script.text()
    tools = [(part.call, part.name, part.text) for part in heard.parts[2:]]
    assert tools == script.tool_calls()
    assert heard.usage is not None
    assert heard.usage.output_tokens == 42
    assert [call.partition(" ")[0] for call in calls(simulator)] == ["create", *["read"] * 6]


@pytest.mark.parametrize("at", range(12))
async def test_half_a_character_is_kept_for_its_other_half(
    background: BackgroundProvider, at: int
) -> None:
    script = next(
        script
        for seed in range(1, 1000)
        if "\ud83d" in (script := Script(tokens=11, seed=seed, alphabet="hostile")).text_tokens()[3]
    )
    script = replace(script, fault="cut", at=at, times=1)
    assert (await to_the_end(background, script)).text() == script.text()


async def test_it_goes_on_while_nobody_is_connected(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    script = Script(tokens=20, tps=40, fault="cut", at=2, times=1)
    heard = await listen(background, script)
    assert heard.text() == script.text(2)
    await asyncio.sleep(0.6)  # it takes 0.5 s, and this is the test's point
    began = asyncio.get_running_loop().time()
    heard = await listen(background, script, so_far=heard)
    assert heard.text() == script.text()
    assert asyncio.get_running_loop().time() - began < 0.4
    assert calls(simulator) == ["create", f"read {_after(heard, 2)}"]


def _after(heard: Heard, tokens: int) -> int:
    """The number of the event of that token: created, queued, in_progress, item added, tokens."""
    assert heard.reason
    return 3 + tokens


async def test_another_process_goes_on_with_it(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    script = Script(tokens=40, fault="cut", at=9, times=1)
    heard = await listen(background, script)
    other = BackgroundProvider(api_key=KEY, base_url=simulator.base_url_openai)
    assert (await listen(other, script, so_far=heard)).text() == script.text()
    await other.close()


async def test_parts_are_numbered_on_behind_a_partial_answer(
    background: BackgroundProvider,
) -> None:
    """What the prompt carried is not this call's: its own parts begin at 0, and go on."""
    script = Script(tokens=30, reasoning=2, fault="cut", at=9, times=1)
    prompt = question(script, partial=(Part("text", script.text(10)),))
    heard = await listen(background, prompt)
    heard = await listen(background, prompt, so_far=heard)
    assert [part.type for part in heard.parts] == ["reasoning", "text"]
    assert script.text(10) + heard.text() == script.text()


# ---------------------------------------------------------------- where there is no way to go on


@pytest.mark.parametrize(
    ("refusal", "cancels"),
    [
        ({"status": 404}, 0),
        (
            {
                "status": 400,
                "message": "This response can no longer be streamed because it is more than 5 "
                "minutes old",
                "code": "invalid_request_error",
            },
            1,
        ),
        ({"status": 410}, 1),
    ],
    ids=["404", "400", "410"],
)
async def test_it_says_that_the_rest_is_lost(
    background: BackgroundProvider, simulator: Simulator, refusal: dict[str, Any], cancels: int
) -> None:
    faults = ({"fault": "cut", "at": 5}, {"fault": "status", **refusal})
    heard = await listen(background, Script(tokens=40, tps=50, by_call=faults))
    heard = await listen(background, Script(), so_far=heard)
    assert heard.error is not None
    assert (heard.error.code, heard.error.recoverable) == ("cursor_lost", False)
    assert heard.text() == Script().text(5)
    assert calls(simulator)[2:] == ["cancel"] * cancels


async def test_it_says_that_the_rest_is_lost_when_the_server_has_forgotten(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    heard = await listen(background, Script(fault="cut", at=5))
    simulator.clear()
    heard = await listen(background, Script(), so_far=heard)
    assert heard.error is not None
    assert heard.error.code == "cursor_lost"


@pytest.mark.parametrize(
    "cursor", ["x", "[]", "{}", "null", '["",5,0,"","","",""]', '["a","b",0,"","","",""]', "\0"]
)
async def test_a_cursor_of_somebody_else_is_lost(
    background: BackgroundProvider, simulator: Simulator, cursor: str
) -> None:
    heard = await listen(background, Script(), so_far=Heard(cursor=cursor))
    assert heard.error is not None
    assert heard.error.code == "cursor_lost"
    await background.cancel(cursor)
    assert simulator.calls() == []


async def test_a_provider_without_cursors_starts_nothing_again(
    openai: OpenAIProvider, anthropic: AnthropicProvider, simulator: Simulator
) -> None:
    """The option may have been switched off between two calls."""
    for provider in (openai, anthropic):
        heard = await listen(provider, Script(), so_far=Heard(cursor='["resp_1",5]'))
        assert heard.error is not None
        assert (heard.error.code, heard.error.recoverable) == ("cursor_lost", False)
        assert heard.parts == []
        await provider.cancel("anything")
    assert simulator.calls() == []


@pytest.mark.parametrize("code", ["overloaded", "server_error", "invalid_prompt"])
async def test_an_answer_that_failed_cannot_be_gone_on_with(
    background: BackgroundProvider, simulator: Simulator, code: str
) -> None:
    script = Script(tokens=9, tps=200, fault="error", at=5, code=code)
    heard = await listen(background, script)
    assert heard.text() == script.text(5)
    assert heard.error is not None
    assert heard.error.recoverable == (code != "invalid_prompt")
    [call] = simulator.calls()
    behind = Cursor(f"resp_{call['number']:08}", 3 + 5, 1, "text", "0.content_index.0")
    heard.cursor = behind.text()  # if it did not come together with the failure
    heard = await listen(background, script, so_far=heard)
    assert heard.error is not None
    assert (heard.error.code, heard.error.recoverable) == ("cursor_lost", False)
    assert heard.text() == script.text(5)
    assert [call.partition(" ")[0] for call in calls(simulator)] == ["create", "read"]


async def test_a_trouble_on_the_way_costs_no_cursor(background: BackgroundProvider) -> None:
    faults = (
        {"fault": "cut", "at": 5},
        {"fault": "status", "status": 503, "retry_after": "20"},
        {"fault": "drop"},
    )
    script = Script(by_call=faults)
    heard = await listen(background, script)
    for code, seconds in (("overloaded", 20), ("unreachable", None)):
        heard = await listen(background, script, so_far=heard)
        assert heard.error is not None
        assert (heard.error.code, heard.error.recoverable) == (code, True)
        assert heard.error.retry_after_s == seconds
    assert (await listen(background, script, so_far=heard)).text() == script.text()


async def test_a_model_without_background_mode_is_asked_without_it(
    background: BackgroundProvider, simulator: Simulator
) -> None:
    script = Script(refuse=("background", "temperature"), fault="eof", at=5, times=3)
    heard = await listen(background, question(script, options={"temperature": 1}))
    assert (heard.text(), heard.cursor, heard.reason) == (script.text(5), "", "")
    body = simulator.calls()[-1]["body"]
    assert "background" not in body
    assert "temperature" not in body
    assert body["store"] is False


# ------------------------------------------------------------------------------------- cancelling


async def test_a_stop_is_passed_on(background: BackgroundProvider, simulator: Simulator) -> None:
    script = Script(id="stopped", tokens=1000, tps=50, fault="cut", at=3, times=1)
    heard = await listen(background, script)
    await background.cancel(heard.cursor)
    assert calls(simulator) == ["create", "cancel"]
    heard = await listen(background, script, so_far=heard)
    assert heard.error is not None
    assert len(heard.text()) < len(script.text(100))


@pytest.mark.parametrize("id", ["resp_nobody", "a/../b", "ä"])
async def test_a_stop_that_cannot_be_passed_on_disturbs_nobody(
    background: BackgroundProvider, caplog: pytest.LogCaptureFixture, id: str
) -> None:
    cursor = f'["{id}",5,0,"","","",""]'
    await background.cancel(cursor)
    nowhere = BackgroundProvider(api_key=KEY, base_url="http://127.0.0.1:1/v1")
    await nowhere.cancel(cursor)
    await nowhere.close()
    assert len([record for record in caplog.records if "not told to stop" in record.message]) == 2
    assert KEY not in caplog.text
