"""The simulator does what its scripts say, and tells the truth about it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.providers.base import Provider
from streaming.providers.openai import OpenAIProvider
from tests.simulator import FAULTS, Script, Simulator, simulator_process, text
from tests.simulator.alphabet import HOSTILE

from .conftest import KEY
from .listening import listen, question


@given(
    st.builds(
        Script,
        id=st.text(),
        tokens=st.integers(0, 9),
        alphabet=st.sampled_from(["plain", "hostile"]),
        tps=st.floats(0, 100),
        refuse=st.lists(st.sampled_from(["max_tokens", "prefill"])).map(tuple),
        fault=st.sampled_from(["", *FAULTS]),
        message=st.text(),
    ),
    st.text(),
)
def test_a_script_travels_in_any_text(script: Script, around: str) -> None:
    around = around.replace("@", "")
    found = Script.find(f"{around}{script}{around}")
    assert found is not None
    assert asdict(found) == asdict(script)


def test_a_script_with_a_mistake_is_no_script() -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        Script(fault="gremlins")
    with pytest.raises(TypeError):
        Script.from_json({"tokenz": 1})
    assert Script.find("an @@ and a { but no script") is None


def test_its_text_is_a_function_of_its_seed() -> None:
    script = Script(tokens=300, alphabet="hostile")
    assert script.text() == Script(tokens=300, alphabet="hostile").text()
    assert script.text() != replace(script, seed=2).text()
    assert script.text().startswith(script.text(100).rstrip("\ufffd"))
    for piece in ("\r", "\0", "\u2028", "data: x", "😀", "\u0301", '"'):
        assert any(piece in replace(script, seed=seed).text() for seed in range(5))
    assert ("\ud83d", "\ude00") in HOSTILE


async def test_a_script_may_stand_in_the_models_name(openai: OpenAIProvider) -> None:
    script = Script(tokens=3, seed=5)
    assert (await listen(openai, question("hello", f"openai/{script}"))).text() == script.text()


async def test_it_keeps_its_pace(provider: Provider) -> None:
    start = time.monotonic()
    await listen(provider, Script(tokens=20, tps=100, headers_after=0.05, first_after=0.05))
    assert time.monotonic() - start >= 0.05 + 0.05 + 19 / 100


@pytest.mark.parametrize("alphabet", ["plain", "markdown", "hostile"])
@given(seed=st.integers(1, 50), length=st.integers(0, 400), more=st.integers(0, 400))
def test_it_says_prefixes_of_one_text(alphabet: str, seed: int, length: int, more: int) -> None:
    said = text(seed, length, alphabet)
    assert len(said) == length
    assert text(seed, length + more, alphabet).startswith(said)
    answer = Script(seed=seed, alphabet=alphabet, tokens=length).text().rstrip("\ufffd")
    assert answer == text(seed, len(answer), alphabet)


def test_it_does_something_else_in_each_call() -> None:
    script = Script(id="n", tokens=7, by_call=({"fault": "drop"}, {"fault": "cut", "at": 2}))
    assert Script.find(str(script)) == script
    faults = [(script.for_call(number).fault, script.for_call(number).at) for number in range(4)]
    assert faults == [("drop", 0), ("cut", 2), ("", 0), ("", 0)]
    with pytest.raises(ValueError, match="unknown fault"):
        Script(by_call=({"fault": "gremlins"},))
    with pytest.raises(TypeError):
        Script(by_call=({"tokenz": 1},))


async def test_it_fails_by_the_number_of_the_call(provider: Provider) -> None:
    script = Script(by_call=({"fault": "status", "status": 529}, {"fault": "eof", "at": 2}))
    first, second, third = [await listen(provider, script) for _ in range(3)]
    assert first.error is not None
    assert (second.text(), second.reason) == (script.text(2), "")
    assert (third.text(), third.reason) == (script.text(), "stop")


async def test_it_stamps_tokens_with_the_clock(provider: Provider) -> None:
    before = time.monotonic_ns()
    stamps = [*map(int, (await listen(provider, Script(tokens=5, stamp=True))).text().split())]
    assert len(stamps) == 5
    assert before < stamps[0] <= stamps[-1] < time.monotonic_ns()


async def test_it_counts_how_often_a_script_fails(provider: Provider) -> None:
    script = Script(id="twice", fault="error", at=1, times=2)
    errors = [(await listen(provider, script)).error for _ in range(3)]
    assert [error is not None for error in errors] == [True, True, False]


async def test_it_records_a_call_without_its_key(provider: Provider, simulator: Simulator) -> None:
    await listen(provider, Script(id="record", tokens=4))
    [call] = simulator.wait_for("complete", script="record")
    assert call["wire"] in (provider.name, "responses")
    assert call["auth"]
    assert call["tokens"] == 4
    assert call["started"] <= call["first_byte"] <= call["ended"] <= time.time()
    assert KEY not in json.dumps(call)


def test_it_says_so_when_nothing_of_the_kind_happened(simulator: Simulator) -> None:
    with pytest.raises(TimeoutError, match="nothing like"):
        simulator.wait_for("complete", script="never", timeout=0.01)


async def test_it_never_runs_out_of_an_endless_answer(
    provider: Provider, simulator: Simulator
) -> None:
    async with provider.stream(question(Script(id="endless", fault="endless"))) as batches:
        heard = 0
        async for batch in batches:
            heard += len(batch)
            if heard > 100:
                break
    [call] = await simulator.await_for("client_closed", script="endless")
    assert call["tokens"] > 1000


async def test_it_runs_in_a_process_of_its_own() -> None:
    with simulator_process() as simulator:
        provider = OpenAIProvider(api_key=KEY, base_url=simulator.base_url_openai)
        script = Script(tokens=50, alphabet="hostile")
        assert (await listen(provider, script)).text() == script.text()
        assert len(simulator.calls("complete")) == 1
        await provider.close()
