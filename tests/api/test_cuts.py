"""A hundred answers, each cut at random bytes and resumed: exact, and one upstream call each."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.client import Reader
from tests.simulator import Script, Simulator

from .sites import MODELS, Somebody, on_every_server

ANSWERS = {"daphne": 100, "uvicorn": 20}
#: At a time.
READERS = 12
MOST_CUTS = 30
#: About how many bytes of frames an answer comes to, by its pace: slow ones come in small pieces.
BYTES: dict[float, int] = {0: 6_000, 300: 25_000, 600: 20_000}
SEED = 20261


def read_with_cuts(alice: Somebody, script: Script, model: str) -> tuple[str, int]:
    """The text that comes of it, and how often the line was cut before the end."""
    dice = random.Random(f"{SEED} {script.id}")
    cuts = dice.randint(1, MOST_CUTS)
    longest = BYTES[script.tps] // cuts
    conversation = alice.conversation(model=model)
    stream = alice.ask(conversation, f"hi {script}")
    reader = stream.into(Reader(), cut_after=dice.randint(1, longest))
    cut = 1
    while not reader.ended:
        stream = alice.follow(stream.message_id, reader.cursor)
        assert stream.status == 200
        more = cut < cuts
        stream.into(reader, cut_after=dice.randint(1, longest) if more else None)
        cut += more
    assert stream.message_id
    stored = alice.message(stream.message_id)
    assert stored["parts"][0]["text"] == reader.text
    assert stored["cursor"] == reader.cursor
    return reader.text, cut


@on_every_server
def test_it_is_exact_however_often_the_line_is_cut(
    alice: Somebody, simulator: Simulator, server: str
) -> None:
    scripts = [
        Script(
            id=f"cut {server} {n}",
            tokens=300,
            alphabet="hostile",
            seed=SEED + n,
            tps=random.Random(n).choice(list(BYTES)),
        )
        for n in range(ANSWERS[server])
    ]
    models = [MODELS[n % 2] for n in range(len(scripts))]
    with ThreadPoolExecutor(READERS) as pool:
        results = list(pool.map(read_with_cuts, [alice] * len(scripts), scripts, models))
    wrong = [s.id for s, (text, _) in zip(scripts, results, strict=True) if text != s.text()]
    assert not wrong
    cuts = sum(cut for _, cut in results)
    print(f"{server}: {len(scripts)} answers, {cuts} cuts, seed {SEED}")
    assert cuts > 3 * len(scripts)
    calls = Counter(call["script"] for call in simulator.calls())
    assert {calls[script.id] for script in scripts} == {1}


@pytest.mark.parametrize("size", [1, 7, 100])
def test_it_is_exact_in_slices_of_any_size(alice: Somebody, size: int) -> None:
    """A cut within a code point, within a field, between CR and LF."""
    script = Script(tokens=12, alphabet="hostile", seed=4, tps=100)
    stream = alice.ask(alice.conversation(), f"hi {script}")
    reader = stream.into(Reader(), cut_after=size)
    while not reader.ended:
        before = reader.cursor
        alice.follow(stream.message_id, before).into(reader, cut_after=400 + size)
        size += 1
    assert reader.text == script.text()
