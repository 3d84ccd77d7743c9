"""The connections under the SDKs: whole and broken bodies, bounded buffers, reuse."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from streaming.providers.connection import HIGH_WATER, LONGEST_HEAD, ONE_READ, Body
from streaming.providers.transport import Transport


@asynccontextmanager
async def listening(
    serve: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Any asyncio protocol on a free port."""
    transports: list[asyncio.BaseTransport] = []

    def remembered() -> asyncio.Protocol:
        protocol = serve()
        made = protocol.connection_made

        def connection_made(transport: asyncio.BaseTransport) -> None:
            transports.append(transport)
            made(transport)

        protocol.connection_made = connection_made  # type: ignore[method-assign]
        return protocol

    loop = asyncio.get_running_loop()
    server = await loop.create_server(remembered, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in transports:
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        await asyncio.sleep(0)  # they close in the next turn of the loop


class Flood(asyncio.Protocol):
    """Sends as long as it is taken."""

    sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.paused = False
        transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.pour()

    def pour(self) -> None:
        while not self.paused and not self.transport.is_closing():
            self.transport.write(b"x" * 65536)
            Flood.sent += 65536

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self.pour()


async def asked(port: int, **options: Any) -> tuple[Transport, httpx2.Response]:
    transport = Transport()
    url = f"http://127.0.0.1:{port}/"
    return transport, await transport.handle_async_request(httpx2.Request("POST", url, **options))


async def body(response: httpx2.Response) -> bytes:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    try:
        return b"".join([piece async for piece in response.stream])
    finally:
        await response.stream.aclose()


def saying(*pieces: bytes, then_close: bool = True) -> Callable[[], asyncio.Protocol]:
    """A server that says this, whatever it is asked."""

    class Says(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            for piece in pieces:
                self.transport.write(piece)
            if then_close:
                self.transport.close()

    return Says


async def test_it_stops_reading_what_nobody_takes() -> None:
    async with listening(Flood) as port:
        transport, response = await asked(port)
        stream = response.stream
        assert isinstance(stream, Body)
        wire = stream._connection
        while wire.transport.is_reading():  # noqa: ASYNC110 - asyncio tells nobody
            await asyncio.sleep(0)
        reply = stream._reply
        assert reply is not None
        assert reply.size <= HIGH_WATER + ONE_READ
        taken = 0
        while taken < 4 * 1024 * 1024:
            taken += len(await anext(stream))
        await transport.aclose()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.0 200 OK\r\n\r\nthe end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthe end",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nthe end\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthe end",
    ],
    ids=["until it closes", "length", "chunks", "continue"],
)
async def test_it_reads_a_body_to_its_end(said: bytes) -> None:
    for pieces in ([said], [said[i : i + 1] for i in range(len(said))]):
        async with listening(saying(*pieces)) as port:
            transport, response = await asked(port)
            assert response.status_code == 200
            assert await body(response) == b"the end"
            await transport.aclose()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nthe end",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nthe end\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    ],
    ids=["length", "chunks", "no size"],
)
async def test_a_body_that_was_cut_is_no_whole_one(said: bytes) -> None:
    async with listening(saying(said)) as port:
        transport, response = await asked(port)
        with pytest.raises(httpx2.RemoteProtocolError):
            await body(response)
        await transport.aclose()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Other\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (LONGEST_HEAD + ONE_READ),
    ],
    ids=["nothing", "half", "no HTTP", "two lengths", "upgrade", "endless head"],
)
async def test_what_is_no_response_is_an_error(said: bytes) -> None:
    async with listening(saying(said)) as port:
        with pytest.raises(httpx2.TransportError):
            await asked(port)


async def test_a_connection_carries_one_request_after_the_other() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthe end"
    connections = []

    def serve() -> asyncio.Protocol:
        connections.append(1)
        return saying(said, then_close=False)()

    async with listening(serve) as port:
        transport, response = await asked(port)
        for _ in range(3):
            assert await body(response) == b"the end"
            request = httpx2.Request("GET", f"http://127.0.0.1:{port}/")
            response = await transport.handle_async_request(request)
        await transport.aclose()
    assert len(connections) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nthe end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthe endHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthe endHTTP/1.",
    ],
    ids=["it says so", "it says more than it was asked", "it begins to say more"],
)
async def test_a_connection_of_no_use_is_not_kept(said: bytes) -> None:
    connections = []

    def serve() -> asyncio.Protocol:
        connections.append(1)
        return saying(said, then_close=False)()

    async with listening(serve) as port:
        transport, response = await asked(port)
        assert await body(response) == b"the end"
        request = httpx2.Request("GET", f"http://127.0.0.1:{port}/")
        assert await body(await transport.handle_async_request(request)) == b"the end"
        await transport.aclose()
    assert len(connections) == 2


async def test_a_response_that_is_left_closes_its_connection() -> None:
    closed = asyncio.get_running_loop().create_future()

    class Half(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthe")

        def connection_lost(self, exc: Exception | None) -> None:
            closed.set_result(None)

    async with listening(Half) as port:
        _, response = await asked(port)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        await response.stream.aclose()
        await closed


async def test_it_sends_more_than_the_socket_takes_at_once() -> None:
    received = 0
    size = 8 * 1024 * 1024

    class Sink(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            nonlocal received
            received += len(data)
            if received > size:
                self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with listening(Sink) as port:
        transport, response = await asked(port, content=b"y" * size)
        assert response.status_code == 204
        await transport.aclose()


async def test_a_refusal_is_heard_before_all_of_the_request_is_sent() -> None:
    connections = []

    class Refuses(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            connections.append(transport)

        def data_received(self, data: bytes) -> None:
            transport = connections[-1]
            if transport.is_reading():
                transport.pause_reading()  # the rest may wait for ever
                transport.write(b"HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n")

    timeouts = {"write": 5.0}
    async with listening(Refuses) as port:
        for count in (1, 2):
            extensions = {"timeout": timeouts}
            transport, response = await asked(
                port, content=b"y" * (20 * 1024 * 1024), extensions=extensions
            )
            assert response.status_code == 413
            assert await body(response) == b""
            assert not transport._idle, "the rest of the request is in it"
            assert len(connections) == count
            await transport.aclose()


async def test_a_header_with_a_line_end_is_not_sent() -> None:
    async with listening(Flood) as port:
        with pytest.raises(httpx2.LocalProtocolError):
            await asked(port, headers={"X": "a\r\nAuthorization: b"})


async def test_nobody_there_is_an_error() -> None:
    async with listening(Flood) as port:
        pass
    with pytest.raises(httpx2.ConnectError):
        await asked(port)
