"""P14: no byte of one person's stream reaches another, under any reconnect or guess of an id."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from tests.api.problems import assert_problem
from tests.api.sites import Somebody, on_every_server
from tests.client import Reader
from tests.simulator import Script

PEOPLE = 8


@on_every_server
def test_everyone_reads_only_their_own(newcomer: Callable[[], Somebody], server: str) -> None:
    """Many people ask and reconnect at once; each looks at the others' answers, too."""
    crowd = [newcomer() for _ in range(PEOPLE)]
    scripts = [Script(tokens=150, tps=300, seed=100 + n) for n in range(PEOPLE)]
    streams = [
        one.ask(one.conversation(), f"hi {script}")
        for one, script in zip(crowd, scripts, strict=True)
    ]
    ids = [stream.message_id for stream in streams]

    def read(number: int) -> str:
        dice = random.Random(number)
        me, reader = crowd[number], Reader()
        streams[number].into(reader, cut_after=dice.randint(1, 1_500))
        while not reader.ended:
            other = ids[(number + dice.randint(1, PEOPLE - 1)) % PEOPLE]
            refused = me.call(
                "GET",
                f"/api/v1/messages/{other}/events?after={reader.cursor}",
                None,
                {"Accept": "text/event-stream"},
            )
            assert_problem(refused, 404)
            cut = dice.randint(300, 2_000)
            me.follow(ids[number], reader.cursor).into(reader, cut_after=cut)
        return reader.text

    with ThreadPoolExecutor(PEOPLE) as pool:
        texts = list(pool.map(read, range(PEOPLE)))
    assert texts == [script.text() for script in scripts]
    for number, one in enumerate(crowd):
        listed = one.call("GET", "/api/v1/conversations").json["items"]
        assert [item["current_message_id"] for item in listed] == [ids[number]]


@on_every_server
def test_nobody_guesses_an_id(alice: Somebody, charlie: Somebody) -> None:
    """Ids are made of time and chance: neighbours of a known one are nothing."""
    known = UUID(alice.answered(alice.conversation(), "hi"))
    for step in (-2, -1, 0, 1, 2, 1 << 64):
        guess = UUID(int=(known.int + step) % (1 << 128))
        for path in (f"messages/{guess}", f"messages/{guess}/events", f"conversations/{guess}"):
            assert_problem(charlie.call("GET", f"/api/v1/{path}"), 404)


def test_a_cursor_of_another_opens_nothing(alice: Somebody, charlie: Somebody) -> None:
    theirs, mine = Script(tokens=30, seed=7), Script(tokens=30, seed=8)
    secret = alice.ask(alice.conversation(), f"hi {theirs}").into(Reader())
    id = charlie.answered(charlie.conversation(), f"hi {mine}")
    for frame in secret.frames:
        assert charlie.follow(id, frame.id).into(Reader()).text == mine.text()


def test_a_connection_that_is_reused_is_nobodys(alice: Somebody, charlie: Somebody) -> None:
    """As behind a proxy that keeps connections: every request is judged by its own token."""
    import http.client

    script = Script(tokens=30, tps=200, seed=9)
    conversation = alice.conversation()
    id = alice.answered(conversation, f"hi {script}")
    connection = http.client.HTTPConnection(alice.host, alice.port)
    for somebody, status in ((alice, 200), (charlie, 404), (alice, 200), (None, 401)) * 3:
        headers = {"Accept": "text/event-stream"}
        if somebody is not None:
            headers["Authorization"] = f"Bearer {somebody.token}"
        connection.request("GET", f"/api/v1/messages/{id}/events", headers=headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == status
        assert (b"done" in body) == (status == 200)
    connection.close()
