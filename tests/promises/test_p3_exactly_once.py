"""P3: over any number of drops and tabs each event is applied once, in order, without a gap."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from streaming.sse import Frame
from tests.api.database import log
from tests.api.sites import MODELS, Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script
from tests.site import Site

ANSWERS = {"daphne": 16, "uvicorn": 4}
SEED = 3


def story(events: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbouring deltas of one part joined: all that a reader may merge."""
    joined: list[tuple[str, str]] = []
    for name, data in events:
        if name == "delta" and joined and joined[-1][0] == "delta":
            before, now = json.loads(joined[-1][1]), json.loads(data)
            if before["index"] == now["index"]:
                now["text"] = before["text"] + now["text"]
                joined[-1] = (name, json.dumps(now))
                continue
        joined.append((name, json.dumps(json.loads(data))))
    return joined


def seqs(frames: list[Frame]) -> list[int]:
    return [int(frame.id.rpartition("-")[2]) for frame in frames]


@on_every_server
def test_every_event_comes_once_and_in_order(alice: Somebody, site: Site, server: str) -> None:
    def read(number: int) -> tuple[str, list[Reader]]:
        dice = random.Random(f"{SEED} {number}")
        script = Script(
            tokens=120,
            reasoning=10,
            tools=1,
            alphabet="hostile",
            seed=number,
            tps=dice.choice([200, 600]),
        )
        conversation = alice.conversation(model=MODELS[number % 2])
        asking = alice.ask(conversation, f"hi {script}")
        tabs = []
        for stream in (asking, alice.follow(asking.message_id)):
            reader = stream.into(Reader(), cut_after=dice.randint(1, 3_000))
            while not reader.ended:
                cut = dice.randint(200, 6_000)
                alice.follow(asking.message_id, reader.cursor).into(reader, cut_after=cut)
            tabs.append(reader)
        return asking.message_id, tabs

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, range(ANSWERS[server])))
    for id, tabs in answers:
        stored = log(site, id)
        assert [seq for seq, _, _ in stored] == list(range(1, len(stored) + 1))
        for reader in tabs:
            places = seqs(reader.frames)
            assert places == sorted(set(places))
            assert places[-1] == stored[-1][0]
            seen = story((frame.event, frame.data) for frame in reader.frames)
            assert seen == story((name, data) for _, name, data in stored)
