"""Bells between real processes: one ring a commit, and nothing is lost when they fall silent."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from streaming.bells.base import News
from tests.client import Reader
from tests.services import Redis, own
from tests.simulator import Script, Simulator

from .cluster import Cluster, Crowd, cluster

#: Of it channels_redis makes the name under which Redis knows the group.
GROUP = "unbroken__group__unbroken.bell"
BELLS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'unbroken bell'"


def database(made: Cluster) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(made.webs[0].environment["DATABASE_URL"], autocommit=True)


def in_time(condition: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_rings_once_for_each_commit(on_postgres: Cluster) -> None:
    alice, _ = on_postgres.person()
    script = Script(id=uuid4().hex, tokens=40, tps=200)
    conversation = alice.conversation()
    with database(on_postgres) as line:
        line.execute("LISTEN unbroken")
        asked = alice.ask(conversation, f"hi {script}")
        asked.into(Reader())
        found = line.execute(
            "SELECT g.id, count(DISTINCT e.xmin::text) FROM streaming_generation g"
            " JOIN streaming_logentry e ON e.generation_id = g.id WHERE g.key = %s GROUP BY g.id",
            [UUID(asked.message_id)],
        ).fetchone()
        assert found is not None
        pk, commits = found
        rung = [News.read(each.payload)[1] for each in line.notifies(timeout=0.2)]
    assert sum(pk in news.logs for news in rung) == commits
    assert any(news.work for news in rung)


def test_it_listens_again_after_its_connection_was_cut(on_postgres: Cluster) -> None:
    with database(on_postgres) as line:
        there = {pid for (pid,) in line.execute(BELLS)}
        assert len(there) == len(on_postgres.processes)
        line.execute(BELLS.replace("pid", "pg_terminate_backend(pid)", 1))
        here, other = on_postgres.person()
        script = Script(id=uuid4().hex, tokens=20, tps=100)
        asked = here.ask(here.conversation(), f"hi {script}")
        assert other.follow(asked.message_id).into(Reader()).text == script.text()
        asked.close()
        in_time(lambda: len({pid for (pid,) in line.execute(BELLS)} - there) == len(there))
    assert on_postgres.said("PostgresBell is silent") == len(there)


@pytest.fixture
def redis() -> Iterator[Redis]:
    with own(Redis) as service:
        yield service


def test_redis_may_come_and_go(
    own_database: tuple[str, Crowd], redis: Redis, simulator: Simulator
) -> None:
    """Down at the start, killed in the middle of an answer, flushed: nothing but later words."""
    url, crowd = own_database
    redis.kill()
    with cluster(
        simulator, crowd, workers=1, DATABASE_URL=url, REDIS_URL=redis.url, LOG_LEVEL="WARNING"
    ) as many:
        answer(many)
        redis.start()
        in_time(lambda: listeners(redis) == 3)
        assert many.said("ChannelsBell is silent") == 3
        answer(many, in_the_middle=redis.kill)
        in_time(lambda: many.said("ChannelsBell is silent") == 6)
        redis.start()
        in_time(lambda: listeners(redis) == 3)
        answer(many, in_the_middle=lambda: redis.command("FLUSHALL"))
        assert many.said("ChannelsBell is silent") == 6
        for process in many.processes:
            assert process.stop() in (0, -signal.SIGTERM)
        many.assert_sound()


def listeners(redis: Redis) -> int:
    return int(redis.command("PUBSUB", "NUMSUB", GROUP).rpartition(b":")[2])


def answer(many: Cluster, in_the_middle: Callable[[], object] = lambda: None) -> None:
    """Asked at one node, followed from both to the end: exact."""
    here, there = many.person()
    script = Script(id=uuid4().hex, tokens=60, tps=100)
    asked = here.ask(here.conversation(), f"hi {script}")
    followed = there.follow(asked.message_id)
    one, other = Reader(), Reader()
    for frame in followed.frames():
        other.take(frame)
        if other.text:
            break
    in_the_middle()
    followed.into(other)
    asked.into(one)
    assert one.text == other.text == script.text()
