"""A key never follows a redirect."""

from __future__ import annotations

import pytest

from streaming.providers.background import BackgroundProvider
from streaming.providers.base import Provider, ProviderError
from streaming.providers.openai import OpenAIProvider
from tests.simulator import Script, Simulator, simulator_in_thread

from .conftest import KEY
from .listening import listen


async def test_a_redirect_to_another_host_is_not_followed(
    provider: Provider, simulator: Simulator
) -> None:
    with simulator_in_thread() as elsewhere:
        heard = await listen(provider, Script(fault="redirect", to=elsewhere.base_url_openai))
        assert elsewhere.calls() == []
    assert heard.error is not None
    assert heard.error.code == "unreachable"
    assert "BASE_URL" in heard.error.message
    [call] = simulator.calls()
    assert call["auth"]


async def test_a_redirect_of_the_list_of_models_is_not_followed(simulator: Simulator) -> None:
    with simulator_in_thread() as elsewhere:
        target = Script(fault="redirect", to=elsewhere.base_url_openai + "/models")
        provider = OpenAIProvider(api_key=KEY, base_url=simulator.scripted(target).base_url_openai)
        with pytest.raises(ProviderError):
            await provider.models()
        assert elsewhere.calls() == []
    await provider.close()


async def test_a_redirect_is_not_followed_when_an_answer_is_gone_on_with(
    background: BackgroundProvider,
) -> None:
    with simulator_in_thread() as elsewhere:
        to = f"{elsewhere.base_url_openai}/responses/resp_1"
        script = Script(by_call=({"fault": "cut", "at": 5}, {"fault": "redirect", "to": to}))
        heard = await listen(background, script)
        heard = await listen(background, script, so_far=heard)
        assert elsewhere.calls() == []
    assert heard.error is not None
    assert heard.error.code == "unreachable"


async def test_a_redirect_within_the_host_is_not_followed_either(
    provider: Provider, simulator: Simulator
) -> None:
    heard = await listen(provider, Script(fault="redirect", to="/v1/elsewhere"))
    assert heard.error is not None
    assert len(simulator.calls()) == 1
