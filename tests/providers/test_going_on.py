"""The simulator goes on with a partial answer as models do: exactly, or with a seam to mend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streaming.parts import Part
from streaming.prompt import Prompt
from streaming.providers.base import Provider
from streaming.providers.continuing import go_on
from tests.simulator import Script
from tests.simulator.going_on import rest, script_in

from .listening import listen, question


def broken_off(script: Script, said: str, model: str = "x/model") -> Prompt:
    return replace(question(script, model), partial=(Part("text", said),))


@pytest.mark.parametrize("model", ["x/model", "x/claude-haiku-4-5"], ids=["asked", "prefill"])
@pytest.mark.parametrize("overlap", [0, 1, 7, 1000])
@pytest.mark.parametrize("preamble", ["", "Sure, continuing: ", "\n\n"])
async def test_it_goes_on_as_it_is_told_to(
    provider: Provider, model: str, overlap: int, preamble: str
) -> None:
    script = Script(tokens=40, seed=4, overlap=overlap, preamble=preamble)
    said = script.text(19)
    heard = await listen(provider, broken_off(script, said, model))
    assert heard.text() == preamble + script.text()[max(0, len(said) - overlap) :]


@pytest.mark.parametrize("script", [Script(resume="again"), Script(seed=2)])
async def test_it_starts_again(provider: Provider, script: Script) -> None:
    """When it is told to, and when what was said is not the beginning of its answer."""
    heard = await listen(provider, broken_off(script, Script().text(10)))
    assert heard.text() == script.text()


@pytest.mark.parametrize("seed", range(1, 4))
def test_it_opens_the_fence_again_that_the_seam_is_in(seed: int) -> None:
    script = Script(seed=seed, tokens=60, alphabet="markdown", fence=True)
    text, reopened = script.text(), set()
    for at in range(1, len(text)):
        pieces = rest(script, text[:at])
        assert pieces is not None
        fence = "".join(pieces).removesuffix(text[at:])
        closed = text[:at].count("```") % 2 == 0
        assert closed == (fence == "")
        reopened.add(fence.partition("\n")[0])
    assert "```python" in reopened
    assert "```" in reopened


def test_it_finds_the_place_by_a_quotation_alone() -> None:
    script = Script(tokens=40)
    said = script.text(20)
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": str(script)},
            {"role": "user", "content": go_on(said)},
        ],
    }
    assert script_in(body) == (script, said)
    assert script_in({**body, "model": str(script), "messages": body["messages"][1:]}) == (
        script,
        said,
    )


def test_an_earlier_answer_is_not_gone_on_with_when_the_model_is_the_script() -> None:
    script = Script()
    turns = [("user", "one"), ("assistant", script.text()), ("user", "two")]
    messages = [{"role": role, "content": content} for role, content in turns]
    assert script_in({"model": str(script), "messages": messages}) == (script, "")
    assert script_in({"model": str(script), "messages": messages[:2]}) == (script, script.text())
