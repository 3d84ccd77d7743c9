"""P1: at every instant what a client shows is a prefix of what is stored, to the code point."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.database import stored_text
from tests.api.sites import MODELS, Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script
from tests.site import Site

READERS = 4


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_what_anyone_shows_is_a_prefix_of_what_is_stored(
    alice: Somebody, site: Site, model: str
) -> None:
    script = Script(tokens=300, tps=250, alphabet="hostile", seed=11)
    asking = alice.ask(alice.conversation(model=model), f"hi {script}")

    def watch(number: int) -> int:
        """Compare at every frame, and come back after every cut."""
        dice = random.Random(number)
        reader, compared = Reader(), 0
        stream = asking if number == 0 else alice.follow(asking.message_id)
        while not reader.ended:
            for frame in stream.frames(dice.randint(500, 3_000)):
                reader.take(frame)
                if dice.random() < 0.2 or reader.ended:
                    stored = stored_text(site, asking.message_id)
                    assert stored.startswith(reader.text)
                    assert script.text().startswith(stored.removesuffix("\ufffd"))
                    compared += 1
            if not reader.ended:
                stream = alice.follow(asking.message_id, reader.cursor)
        assert reader.text == script.text()
        return compared

    with ThreadPoolExecutor(READERS) as pool:
        assert all(compared > 3 for compared in pool.map(watch, range(READERS)))
