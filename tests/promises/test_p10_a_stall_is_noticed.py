"""P10: no byte from the provider for the set limit ends in a retry or a clean end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.sites import MODELS, people, site_with
from tests.client import Reader
from tests.simulator import Script, Simulator
from tests.site import Site

FIRST_S, NEXT_S = 0.8, 1.2
LATE_S = 2.0

#: Who read what came of which script, by the kind of stall and the model.
Answers = dict[str, tuple[Reader, Script]]


@pytest.fixture(scope="module")
def impatient(simulator: Simulator) -> Iterator[Site]:
    limits = {"FIRST_BYTE_TIMEOUT": str(FIRST_S), "STALL_TIMEOUT": str(NEXT_S)}
    with site_with(simulator, **limits) as site:
        yield site


@pytest.fixture(scope="module")
def answers(impatient: Site) -> Answers:
    """All kinds of stall, both wires, at once: waiting is most of it."""
    (alice,) = people(impatient)
    kinds = {
        "never a byte": Script(fault="silent"),
        "no byte once": Script(fault="silent", times=1, tokens=30),
        "headers, then nothing": Script(fault="stall", at=0, times=1),
        "in mid-answer": Script(fault="stall", at=10, tokens=100),
        "once in mid-answer": Script(fault="stall", at=10, tokens=40, times=1),
        "slow but alive": Script(tokens=6, tps=2),
    }

    def ask(kind: str, model: str) -> tuple[str, tuple[Reader, Script]]:
        conversation = alice.conversation(model=model)
        script = Script(**{**vars(kinds[kind]), "id": f"{kind} {conversation}"})
        reader = alice.ask(conversation, f"hi {script}").into(Reader())
        return f"{kind} {model}", (reader, script)

    jobs = [(kind, model) for kind in kinds for model in MODELS]
    with ThreadPoolExecutor(len(jobs)) as pool:
        return dict(pool.map(lambda job: ask(*job), jobs))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["no byte once", "headers, then nothing"])
def test_it_tries_again_before_the_first_token(
    answers: Answers, simulator: Simulator, kind: str, model: str
) -> None:
    reader, script = answers[f"{kind} {model}"]
    assert reader.fold.status == "done"
    assert reader.text == script.text()
    assert "waiting" in [frame.event for frame in reader.frames]
    states = [call["state"] for call in simulator.calls(script=script.id)]
    assert states == ["client_closed", "complete"]


@pytest.mark.parametrize("model", MODELS)
def test_it_gives_up_in_words(answers: Answers, simulator: Simulator, model: str) -> None:
    reader, script = answers[f"never a byte {model}"]
    assert reader.fold.status == "failed"
    assert reader.fold.terminal is not None
    error = reader.fold.terminal.data()["error"]
    assert error["recoverable"] is True
    assert error["message"]
    for call in simulator.calls(script=script.id):
        assert call["state"] == "client_closed"
        assert call["ended"] - call["started"] <= FIRST_S + LATE_S


@pytest.mark.parametrize("model", MODELS)
def test_it_keeps_what_there_is(answers: Answers, simulator: Simulator, model: str) -> None:
    reader, script = answers[f"in mid-answer {model}"]
    assert reader.fold.status == "incomplete"
    assert reader.text.startswith(script.text(10))
    assert script.text().startswith(reader.text)
    calls = simulator.calls(script=script.id)
    assert len(calls) == 3
    for call in calls:
        assert call["state"] == "client_closed"
        assert call["ended"] - call["first_byte"] <= NEXT_S + LATE_S


@pytest.mark.parametrize("model", MODELS)
def test_it_goes_on_when_the_model_does(answers: Answers, model: str) -> None:
    reader, script = answers[f"once in mid-answer {model}"]
    assert (reader.fold.status, reader.text) == ("done", script.text())


@pytest.mark.parametrize("model", MODELS)
def test_it_waits_for_one_that_is_only_slow(answers: Answers, model: str) -> None:
    reader, script = answers[f"slow but alive {model}"]
    assert (reader.fold.status, reader.text) == ("done", script.text())
