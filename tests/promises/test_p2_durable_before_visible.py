"""P2: every byte that any client ever received is in the database after ``kill -9``.

P16 is looked at on the way: whatever ran when the server died is ended honestly by the next one.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from tests.api.database import log, stored_text
from tests.api.sites import MODELS, Somebody, people, site_with
from tests.client import Reader, Stream
from tests.simulator import Script, Simulator
from tests.site import Site

KILLS = 4
ANSWERS = 8
SEED = 42


@pytest.fixture(scope="module")
def doomed(simulator: Simulator) -> Iterator[Site]:
    with site_with(simulator) as site:
        yield site


def read_until_it_dies(stream: Stream, reader: Reader, received: list[int], enough: object) -> None:
    try:
        for frame in stream.frames():
            reader.take(frame)
            received[0] += len(frame.data)
            enough()  # type: ignore[operator]
    except (OSError, HTTPException):
        stream.close()


def test_what_was_seen_is_there_after_every_kill(doomed: Site) -> None:
    dice = random.Random(SEED)
    (alice,) = people(doomed)
    everything = 0
    for _ in range(KILLS):
        seen = one_life(doomed, alice, dice)
        doomed.start()
        alice = Somebody(doomed.url, alice.token, alice.username)
        for id, reader in seen.items():
            everything += len(reader.text)
            assert_kept(doomed, alice, id, reader)
    print(f"{KILLS} kills, {KILLS * ANSWERS} answers, {everything} characters seen, seed {SEED}")
    assert everything


def one_life(site: Site, alice: Somebody, dice: random.Random) -> dict[str, Reader]:
    """Ask, read, and kill the server in mid-answer. What each reader saw, by message."""
    streams = {}
    for n in range(ANSWERS):
        script = Script(tokens=800, tps=dice.choice([100, 400, 1_500]), alphabet="hostile", seed=n)
        conversation = alice.conversation(model=MODELS[n % 2])
        stream = alice.ask(conversation, f"hi {script}")
        streams[stream.message_id] = (stream, Reader())
    received, limit = [0], dice.randint(1, 25_000)
    lock = threading.Lock()

    def enough() -> None:
        if received[0] >= limit and lock.acquire(blocking=False):
            site.kill()

    with ThreadPoolExecutor(ANSWERS) as pool:
        for stream, reader in streams.values():
            pool.submit(read_until_it_dies, stream, reader, received, enough)
    assert site.process is None, "every answer ended before the kill"
    for id, (_, reader) in streams.items():
        assert_stored(site, id, reader)
    return {id: reader for id, (_, reader) in streams.items()}


def assert_stored(site: Site, id: str, reader: Reader) -> None:
    """All that this reader saw was committed, and its cursor is one of the log's."""
    assert stored_text(site, id).startswith(reader.text)
    if reader.cursor:
        assert int(reader.cursor.rpartition("-")[2]) in [seq for seq, _, _ in log(site, id)]


def assert_kept(site: Site, alice: Somebody, id: str, reader: Reader) -> None:
    """The answer has ended honestly and still says what was seen of it; so does a resume."""
    assert_stored(site, id, reader)
    before = reader.text
    alice.resume(id, reader)
    assert reader.ended
    assert reader.text.startswith(before)
    message = alice.message(id)
    assert message["status"] == reader.fold.status
    assert [part["text"] for part in message["parts"]] == [part.text for part in reader.fold.parts]
    if message["status"] == "incomplete":
        assert message["reason"] == "interrupted"
