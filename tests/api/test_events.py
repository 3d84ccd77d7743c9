"""Following: from any cursor, history first and then live, until the terminal event."""

from __future__ import annotations

import json

from streaming.events import decode
from streaming.fold import Fold, fold
from tests.client import Reader, Stream
from tests.simulator import Script, Simulator

from .sites import Somebody, on_every_server

#: A comment comes at least this often, in seconds.
PING_EVERY = 15


def finished(somebody: Somebody, script: Script) -> tuple[str, Reader]:
    """An answer that has ended, and who has read all of it."""
    stream = somebody.ask(somebody.conversation(), f"hi {script}")
    return stream.message_id, stream.into(Reader())


@on_every_server
def test_it_gives_all_of_a_finished_answer_from_nothing(alice: Somebody) -> None:
    script = Script(tokens=300, alphabet="hostile", tps=1000)
    message, seen = finished(alice, script)
    following = alice.follow(message)
    assert following.status == 200
    assert following.message_id == message
    assert following.headers["cache-control"] == "no-cache, no-store, no-transform"
    assert following.headers["x-accel-buffering"] == "no"
    again = following.into(Reader())
    assert again.text == script.text()
    assert again.cursor == seen.cursor
    assert again.frames[-1] == seen.frames[-1]


@on_every_server
def test_it_answers_204_from_the_last_cursor(alice: Somebody) -> None:
    message, seen = finished(alice, Script())
    path = f"/api/v1/messages/{message}/events"
    for accept in ("text/event-stream", "application/json", "*/*"):
        answer = alice.call("GET", f"{path}?after={seen.cursor}", None, {"Accept": accept})
        assert (answer.status, answer.body) == (204, b"")
    headers = {"Accept": "text/event-stream", "Last-Event-ID": seen.cursor}
    assert alice.call("GET", path, None, headers).status == 204


def test_it_says_nothing_of_a_question(alice: Somebody) -> None:
    conversation = alice.conversation()
    alice.answered(conversation, "hi")
    listed = alice.call("GET", f"/api/v1/conversations/{conversation}/messages").json
    question = listed["items"][0]
    assert question["cursor"] == ""
    assert alice.call("GET", f"/api/v1/messages/{question['id']}/events").status == 204


@on_every_server
def test_it_goes_on_from_every_cursor_it_ever_gave(alice: Somebody) -> None:
    script = Script(tokens=60, tps=300, alphabet="hostile", reasoning=5, tools=2)
    message, seen = finished(alice, script)
    whole = Reader()
    for frame in seen.frames:
        whole.take(frame)
        rest = Reader(fold=copy_of(whole), cursor=whole.cursor)
        if not whole.ended:
            alice.follow(message, whole.cursor).into(rest)
        assert rest.fold.parts == seen.fold.parts
        assert rest.cursor == seen.cursor
        assert all(frame.event != "snapshot" for frame in rest.frames)


def copy_of(reader: Reader) -> Fold:
    return fold(decode(frame.event, frame.data) for frame in reader.frames)


@on_every_server
def test_the_query_wins_over_the_header(alice: Somebody) -> None:
    message, seen = finished(alice, Script(tokens=40, tps=400))
    path = f"/api/v1/messages/{message}/events"
    early = seen.frames[1].id

    def first(query: str, header: str) -> str:
        stream = alice.stream("GET", path + query, None, {"Last-Event-ID": header})
        frames = list(stream.frames())
        return frames[0].id if frames else str(stream.status)

    third = seen.frames[2].id
    assert first("", early) != "204"
    assert first(f"?after={seen.cursor}", early) == "204"
    assert first(f"?after={early}", seen.cursor) != "204"
    assert first("", "") == first("?after=", seen.cursor) == seen.frames[0].id
    assert third != seen.frames[0].id


@on_every_server
def test_it_joins_an_answer_that_runs(alice: Somebody, simulator: Simulator) -> None:
    script = Script(tokens=80, tps=200, alphabet="hostile")
    stream = alice.ask(alice.conversation(), f"hi {script}")
    frames = stream.frames()
    first = Reader()
    while len(first.frames) < 10:
        first.take(next(frames))
    second = alice.follow(stream.message_id)
    for frame in frames:
        first.take(frame)
    assert second.into(Reader()).text == first.text == script.text()


def test_it_waits_for_the_end_when_json_is_wanted(alice: Somebody) -> None:
    script = Script(tokens=60, tps=200)
    stream = alice.ask(alice.conversation(), f"hi {script}")
    path = f"/api/v1/messages/{stream.message_id}/events"
    answer = alice.call("GET", path, None, {"Accept": "application/json"})
    assert (answer.status, answer.json["status"]) == (200, "done")
    assert answer.json["parts"][0]["text"] == script.text()
    stream.close()


@on_every_server
def test_it_begins_with_a_comment_and_how_long_to_wait(alice: Somebody) -> None:
    message, _ = finished(alice, Script())
    stream = alice.follow(message)
    first = stream.response.readline()
    assert first.startswith(b":")
    head = first + stream.response.readline()
    assert b"\nretry: " in head
    assert list(stream.frames())[-1].event == "done"


def test_it_carries_no_other_event_than_the_protocols(alice: Somebody) -> None:
    names = set()
    scripts = [Script(reasoning=3, tools=1, refusal=2), Script(fault="eof", at=3)]
    for script in [*scripts, Script(fault="status", status=500, times=1, id=alice.username)]:
        _, seen = finished(alice, script)
        for frame in seen.frames:
            names.add(frame.event)
            assert frame.id
            assert isinstance(json.loads(frame.data), dict)
    assert names == {"started", "part", "delta", "waiting", "done", "incomplete"}


def test_it_tells_a_failure_in_words(alice: Somebody) -> None:
    _, seen = finished(alice, Script(fault="status", status=401))
    failed = json.loads(seen.frames[-1].data)
    assert seen.frames[-1].event == "failed"
    assert failed.keys() == {"error", "timings"}
    assert failed["error"].keys() == {"code", "message", "recoverable"}
    assert "canary" not in failed["error"]["message"]


def test_it_says_something_at_least_every_15_s(quiet: Stream) -> None:
    """The stream was opened when the first test of the API began."""
    quiet.connection.sock.settimeout(PING_EVERY)
    heard = b""
    while b"\n: ping\n\n" not in heard:
        chunk = quiet.response.read1(65536)  # raises when nothing comes for 15 s
        assert chunk
        heard += chunk
