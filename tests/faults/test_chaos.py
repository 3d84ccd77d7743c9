"""The chaos proxy: every weather does to a line what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from .chaos import FAIR, Proxy, Streams, Weather

TEXT = bytes(range(256)) * 40


@asynccontextmanager
async def speaking() -> AsyncIterator[int]:
    """The port of a server that says the text to whoever says something first."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(TEXT)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with speaking() as port, Proxy.to(port) as proxy:
        yield proxy


async def heard(streams: Streams, seconds: float = 5.0) -> tuple[bytes, str]:
    """What came down the line, and how it ended: ``eof``, ``reset`` or ``silent``."""
    reader, writer = streams
    writer.write(b"hello")
    data = b""
    try:
        async with asyncio.timeout(seconds):
            while piece := await reader.read(4096):
                data += piece
        return data, "eof"
    except ConnectionResetError:
        return data, "reset"
    except TimeoutError:
        return data, "silent"
    finally:
        writer.transport.abort()


async def test_in_fair_weather_everything_passes(proxy: Proxy) -> None:
    assert await heard(await proxy.connect(FAIR)) == (TEXT, "eof")


@pytest.mark.parametrize("size", [0, 1, 5000])
async def test_it_cuts_at_the_byte(proxy: Proxy, size: int) -> None:
    data, end = await heard(await proxy.connect(Weather(cut_after=size)))
    assert end == "reset"
    assert TEXT.startswith(data)
    assert len(data) <= size  # a reset may overtake what was sent


async def test_it_freezes_and_tells_nobody(proxy: Proxy) -> None:
    data, end = await heard(await proxy.connect(Weather(freeze_after=300)), seconds=0.3)
    assert (len(data) <= 300, end) == (True, "silent")


async def test_it_throttles(proxy: Proxy) -> None:
    data, end = await heard(await proxy.connect(Weather(bytes_per_s=200)), seconds=0.5)
    assert end == "silent"
    assert 0 < len(data) < 1000
    assert TEXT.startswith(data)


async def test_it_dribbles_without_changing_a_byte(proxy: Proxy) -> None:
    assert await heard(await proxy.connect(Weather(dribble=500, delay_s=0.01))) == (TEXT, "eof")


async def test_the_weather_changes_while_it_runs(proxy: Proxy) -> None:
    proxy.thawed.clear()
    talking = asyncio.create_task(heard(await asyncio.open_connection("127.0.0.1", proxy.port)))
    await asyncio.sleep(0.05)
    proxy.weather = Weather(cut_after=100)
    proxy.thawed.set()
    data, end = await talking
    assert (len(data) <= 100, end) == (True, "reset")


async def test_it_leads_nowhere_while_nobody_is_there(proxy: Proxy) -> None:
    proxy.target = None
    assert (await heard(await proxy.connect(FAIR)))[0] == b""
