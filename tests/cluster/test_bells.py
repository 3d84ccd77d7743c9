"""Every bell is heard by the others, not by itself; what it cannot say becomes "look at all"."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from streaming.bells import base, channels
from streaming.bells.base import EVERYTHING, LONGEST, Bell, News
from streaming.bells.channels import ChannelsBell
from streaming.bells.local import LocalBell
from tests.services import Redis, own

pytestmark = pytest.mark.django_db(transaction=True)

IDS = st.frozensets(st.integers(1, 2**63 - 1), max_size=50)
SOME = News(frozenset({3, 1}), frozenset({2}), work=True)


class Ear:
    """Notes what it hears, until it has heard enough."""

    def __init__(self) -> None:
        self.heard: list[News] = []
        self._news = asyncio.Event()

    def __call__(self, news: News) -> None:
        self.heard.append(news)
        self._news.set()

    async def hears(self, expected: News) -> None:
        async with asyncio.timeout(20):
            while expected not in self.heard:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(bell: Bell) -> AsyncIterator[Ear]:
    """It is connected by then: that is when it says that anything may be new."""
    ear = Ear()
    task = asyncio.create_task(bell.listen(ear))
    try:
        await ear.hears(EVERYTHING)
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@given(IDS, IDS, st.booleans(), st.booleans())
def test_news_survives_being_written(
    logs: frozenset[int], stops: frozenset[int], work: bool, everything: bool
) -> None:
    news = News(logs, stops, work, everything)
    assert News.read(news.write("abc")) == ("abc", news)


@given(st.text())
def test_what_is_no_news_may_be_anything(text: str) -> None:
    assert News.read(text) == ("", EVERYTHING)


def test_it_never_says_more_than_fits() -> None:
    news = News(frozenset(range(10**9, 10**9 + 1000)))
    text = news.write("abc")
    assert len(text) <= LONGEST
    assert News.read(text) == ("abc", EVERYTHING)


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="bells-") as name:
        yield Path(name) / "bells"


async def test_it_clears_away_who_died(directory: Path) -> None:
    one, other = LocalBell(directory), LocalBell(directory)
    async with listening(one) as ear:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(str(directory / "dead"))
        await ring(other, SOME)
        await ear.hears(SOME)
        assert [path.name for path in directory.iterdir()] == [one.name]
    assert list(directory.iterdir()) == []


LAYERS = ["pubsub.RedisPubSubChannelLayer", "core.RedisChannelLayer"]


@pytest.fixture(params=["local", *LAYERS])
def pair(request: pytest.FixtureRequest, directory: Path, settings: Settings) -> tuple[Bell, Bell]:
    """Two of one kind, as in two processes."""
    if request.param == "local":
        return LocalBell(directory), LocalBell(directory)
    use(settings, request.getfixturevalue("redis_url"), request.param)
    return ChannelsBell("one"), ChannelsBell("other")


async def test_it_is_heard_by_the_others_alone(pair: tuple[Bell, Bell]) -> None:
    async with listening(pair[0]) as one, listening(pair[1]) as other:
        await ring(pair[1], SOME)
        await one.hears(SOME)
        assert SOME not in other.heard


async def test_it_rings_for_what_is_committed_alone(pair: tuple[Bell, Bell]) -> None:
    def take_back() -> None:
        with transaction.atomic():
            pair[1].ring(News(work=True))
            transaction.set_rollback(True)

    async with listening(pair[0]) as one, listening(pair[1]):
        await sync_to_async(take_back)()
        await ring(pair[1], SOME)
        await one.hears(SOME)
        assert News(work=True) not in one.heard


@pytest.fixture(params=LAYERS)
def own_redis(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Redis]:
    """One that may be broken, for bells that lose patience soon."""
    monkeypatch.setattr(channels, "SEND_S", 0.2)
    monkeypatch.setattr(channels, "PROBE_EVERY_S", 0.2)
    monkeypatch.setattr(base, "REST_S", (0.05, 0.2))
    with own(Redis) as redis:
        use(settings, redis.url, request.param)
        yield redis


def kill(redis: Redis) -> None:
    redis.kill()


def pause(redis: Redis) -> None:
    assert redis.process is not None
    redis.process.send_signal(signal.SIGSTOP)


def heal(redis: Redis) -> None:
    if redis.process is not None:
        redis.process.send_signal(signal.SIGCONT)
    redis.start()


@pytest.mark.parametrize("harm", [kill, pause])
async def test_it_complains_once_and_rings_again(
    own_redis: Redis, harm: Callable[[Redis], None], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = ChannelsBell("one"), ChannelsBell("other")
    async with listening(one) as ear, listening(other):
        for _ in range(2):
            caplog.clear()
            ear.heard.clear()
            harm(own_redis)
            # While it is down, rings cost nothing and nobody waits for them.
            while not (is_broken(one) and is_broken(other)):
                await ring(other, SOME)
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
            ours = [line for line in caplog.records if line.name.startswith("streaming")]
            assert len(ours) == 2  # one for each process
            assert SOME not in ear.heard
            heal(own_redis)
            await rung_until_heard(other, ear)


async def test_it_survives_that_the_layer_forgets(own_redis: Redis) -> None:
    one, other = ChannelsBell("one"), ChannelsBell("other")
    async with listening(one) as ear, listening(other):
        own_redis.command("FLUSHALL")
        await rung_until_heard(other, ear)


async def test_it_waits_for_a_layer_that_is_not_there_yet(own_redis: Redis) -> None:
    own_redis.kill()
    bell, ear = ChannelsBell("one"), Ear()
    task = asyncio.create_task(bell.listen(ear))
    while not is_broken(bell):
        await ring(bell, SOME)
    own_redis.start()
    await ear.hears(EVERYTHING)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def use(settings: Settings, url: str, kind: str) -> None:
    layer = {"BACKEND": f"channels_redis.{kind}", "CONFIG": {"hosts": [url]}}
    settings.CHANNEL_LAYERS = {"one": layer, "other": layer}


async def ring(bell: Bell, news: News) -> None:
    await sync_to_async(bell.ring)(news)


async def rung_until_heard(bell: Bell, ear: Ear) -> None:
    """What is rung is heard again, sooner or later."""
    while SOME not in ear.heard:
        await ring(bell, SOME)
        await asyncio.sleep(0.02)


def is_broken(bell: Bell) -> bool:
    return bell._is_broken


async def test_it_leaves_all_to_the_poll_where_it_cannot_be(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bell = LocalBell(directory / ("a path that no socket can have" * 5))
    task = asyncio.create_task(bell.listen(Ear()))
    while not is_broken(bell):
        await ring(bell, SOME)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [line.name for line in caplog.records] == ["streaming.bells.base"]
