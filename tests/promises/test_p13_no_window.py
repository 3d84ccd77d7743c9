"""P13: a cursor of any age works while the message exists."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote

import pytest

from streaming.events import decode
from streaming.fold import fold
from tests.api.database import log
from tests.api.sites import MODELS, Somebody, on_every_server
from tests.client import Reader, Stream
from tests.simulator import Script
from tests.site import Site


def strange(cursor: str, foreign: str) -> list[str]:
    """Cursors that this log never gave."""
    prefix, _, seq = cursor.rpartition("-")
    made = [
        foreign,
        *("x", "-", "-1", "0", seq, prefix, f"{prefix}-", f"-{seq}", "\0", "ключ", "😀", "null"),
        *(
            f"{prefix}-{n}"
            for n in ("999999", "4294967296", "9" * 30, "-1", "1.5", "01", "x", " 1")
        ),
        *(f"{prefix.upper()}-{seq}", f" {cursor}", f"{cursor} ", f"{cursor}\n", cursor * 2),
        *("x" * 3_000, "%00", "../../1", "' OR 1=1 --"),
    ]
    return [one for one in made if one != cursor]  # a prefix of digits has no upper case


@on_every_server
@pytest.mark.parametrize("model", MODELS)
def test_every_cursor_of_a_finished_answer_works(alice: Somebody, model: str) -> None:
    script = Script(tokens=40, reasoning=6, tps=400, alphabet="hostile")
    stream = alice.ask(alice.conversation(model=model), f"hi {script}")
    whole = stream.into(Reader())
    parts: Any = whole.fold.parts
    foreign = alice.resume(alice.answered(alice.conversation(), "other"), Reader()).cursor
    for cursor in strange(whole.cursor, foreign):
        again = alice.follow(stream.message_id, quote(cursor)).into(Reader())
        assert [frame.event for frame in again.frames] == ["snapshot", "done"], cursor
        assert again.fold.parts == parts
        assert again.cursor == whole.cursor
    for frame in whole.frames[:-1]:
        rest = alice.follow(stream.message_id, frame.id)
        assert "snapshot" not in [one.event for one in rest.frames()]


@on_every_server
def test_strange_cursors_join_an_answer_that_runs(alice: Somebody) -> None:
    script = Script(tokens=120, tps=200, alphabet="hostile")
    asking = alice.ask(alice.conversation(), f"hi {script}")
    first = Reader()
    dice = random.Random(13)
    joined: list[Stream] = []
    for frame in asking.frames():
        first.take(frame)
        if len(first.text) > 100 and len(joined) < 12:
            cursor = dice.choice(strange(frame.id, "0123456789ab-3"))
            joined.append(alice.follow(asking.message_id, quote(cursor)))
    assert joined
    for stream in joined:
        reader = stream.into(Reader())
        assert [frame.event for frame in reader.frames].count("snapshot") == 1
        assert reader.frames[0].event == "snapshot"
        assert reader.text == first.text == script.text()


def test_a_snapshots_cursor_is_a_cursor(alice: Somebody) -> None:
    script = Script(tokens=100, tps=200)
    asking = alice.ask(alice.conversation(), f"hi {script}")
    first, reader = Reader(), Reader()
    for frame in asking.frames():
        first.take(frame)
        if len(first.frames) == 12:
            snapshot = alice.follow(asking.message_id, "nonsense")
            reader.take(next(snapshot.frames()))
            snapshot.close()
    assert reader.text
    assert alice.resume(asking.message_id, reader).text == script.text()
    assert [frame.event for frame in reader.frames].count("snapshot") == 1


def test_one_message_has_one_last_cursor(alice: Somebody) -> None:
    """Whichever way one comes to it, and in whatever form one reads it."""
    id = alice.answered(alice.conversation(), "hi")
    cursors = {alice.resume(id, Reader(cursor=after)).cursor for after in ("", "nonsense")}
    assert cursors == {alice.message(id)["cursor"]}


@pytest.mark.parametrize("model", MODELS)
def test_every_cursor_works_when_the_log_was_made_small(
    alice: Somebody, site: Site, model: str
) -> None:
    script = Script(tokens=60, reasoning=6, tools=1, tps=400, alphabet="hostile")
    stream = alice.ask(alice.conversation(model=model), f"hi {script}")
    whole = stream.into(Reader())
    before = log(site, stream.message_id)
    site.manage(
        "shell",
        "--no-imports",
        "-c",
        "from streaming import generations; from streaming.models import Generation\n"
        f"generations.compact(Generation.objects.get(key='{stream.message_id}').pk)",
    )
    assert len(log(site, stream.message_id)) < len(before)
    snapshots = 0
    reader = Reader()
    for frame in whole.frames[:-1]:
        reader.take(frame)
        rest = Reader(fold=fold(decode(one.event, one.data) for one in reader.frames))
        alice.follow(stream.message_id, frame.id).into(rest)
        assert rest.fold.parts == whole.fold.parts
        assert rest.fold.terminal == whole.fold.terminal
        assert rest.cursor == whole.cursor
        snapshots += rest.frames[0].event == "snapshot"
    assert snapshots
    assert alice.resume(stream.message_id, Reader()).fold.parts == whole.fold.parts
    path = f"/api/v1/messages/{stream.message_id}/events?after={whole.cursor}"
    assert alice.call("GET", path).status == 204
    assert alice.message(stream.message_id)["cursor"] == whole.cursor
