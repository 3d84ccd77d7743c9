"""The HTTP client under the vendors' SDKs: no redirects, no read timeout, many connections."""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any
from urllib.request import getproxies

import httpx2

from .connection import ONE_READ, Body, Connection, Reply
from .local import is_local

#: Seconds to connect, and to hand a request over. Silence is judged by the engine.
TIMEOUT = httpx2.Timeout(None, connect=10.0, write=30.0)
#: How many connections to one host are kept for the next question, and for how many seconds.
KEEP, KEEP_S = 100, 60.0
#: Seconds before the next of a host's addresses is tried (RFC 8305 recommends this).
NEXT_ADDRESS_AFTER = 0.25
#: Bytes of an answer that is no stream (an error, a web page) that are read at most.
LONGEST_REFUSAL = 64 * 1024

#: No header may hold a control character: one could smuggle a second request in.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
#: Scheme, host and port.
_Origin = tuple[str, str, int]


def http_client(base_url: str) -> httpx2.AsyncClient:
    """A client for one provider.

    It follows no redirect, so that a key never leaves for another host. A proxy that the
    environment names is used, through httpx's own transport, except for this machine.
    """
    proxied = bool(getproxies().keys() & {"all", "http", "https"}) and not is_local(base_url)
    return httpx2.AsyncClient(
        transport=None if proxied else Transport(),
        trust_env=proxied,
        timeout=TIMEOUT,
        follow_redirects=False,
        # Compressed text waits in the compressor until there is enough of it.
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_shorten]},
    )


class Transport(httpx2.AsyncBaseTransport):
    """HTTP/1.1 on connections of our own; those that idle are kept for the next question.

    Used from one event loop. What fails is one of httpx's errors.
    """

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(ONE_READ))
        self._open: set[Connection] = set()
        #: The youngest last: origin -> connections and since when they idle.
        self._idle: dict[_Origin, deque[tuple[Connection, float]]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        timeouts = request.extensions.get("timeout", {})
        url = request.url
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if not port:
            raise httpx2.UnsupportedProtocol(f"not an address of the web: {url.scheme}:")
        origin = (url.scheme, url.raw_host.decode("ascii").strip("[]"), port)
        assert isinstance(request.stream, AsyncIterable)
        message = _message(request, b"".join([piece async for piece in request.stream]))
        connection = self._kept(origin) or await self._connect(origin, timeouts.get("connect"))
        try:
            async with asyncio.timeout(timeouts.get("read")):
                reply = await connection.send(message, timeouts.get("write"))
        except BaseException as error:
            self._drop(connection)
            if isinstance(error, TimeoutError):
                raise httpx2.ReadTimeout("no response") from error
            raise
        give_back = functools.partial(self._give_back, origin)
        return httpx2.Response(
            status_code=reply.status,
            headers=reply.headers,
            stream=Body(connection, reply, give_back),
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        self._idle.clear()
        connections, self._open = self._open, set()
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.closed()

    async def _connect(self, origin: _Origin, timeout: float | None) -> Connection:
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        # uvloop, which uvicorn takes where it is installed, tries one address after the other.
        eager = isinstance(loop, asyncio.BaseEventLoop)
        options: dict[str, Any] = {"happy_eyeballs_delay": NEXT_ADDRESS_AFTER} if eager else {}
        if scheme == "https":
            options |= {"ssl": tls(), "server_hostname": host}
        connection = Connection(self._buffer)
        try:
            async with asyncio.timeout(timeout):
                transport, _ = await loop.create_connection(
                    lambda: connection, host, port, **options
                )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout("no connection in time") from error
        except OSError as error:  # ssl.SSLError is one
            raise httpx2.ConnectError(str(error)) from error
        connection.transport = transport  # uvloop tells the protocol a little later
        self._open.add(connection)
        return connection

    def _kept(self, origin: _Origin) -> Connection | None:
        idle = self._idle.get(origin, ())
        while idle:
            connection, since = idle.pop()
            if connection.is_open and time.monotonic() - since < KEEP_S:
                return connection
            self._drop(connection)
        return None

    def _give_back(self, origin: _Origin, connection: Connection, reply: Reply) -> None:
        if not connection.release(reply):
            self._drop(connection)
            return
        idle = self._idle.setdefault(origin, deque())
        idle.append((connection, time.monotonic()))
        while idle and (len(idle) > KEEP or time.monotonic() - idle[0][1] >= KEEP_S):
            self._drop(idle.popleft()[0])

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.abort()


def _message(request: httpx2.Request, content: bytes) -> bytes:
    """The request as it goes over the wire. Raises ``LocalProtocolError``."""
    head = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    # The whole content is at hand: its length is told, and nothing is sent in chunks.
    head += [
        b"%s: %s" % (name, value)
        for name, value in request.headers.raw
        if name.lower() != b"transfer-encoding"
    ]
    if content and "content-length" not in request.headers:
        head.append(b"Content-Length: %d" % len(content))
    if any(map(_CONTROL.search, head)):
        raise httpx2.LocalProtocolError("a header that cannot be sent")
    return b"\r\n".join([*head, b"", content])


@functools.cache
def tls() -> ssl.SSLContext:
    """Loading the certificates takes 20 ms: once for all providers."""
    return httpx2.create_ssl_context()


class _Shortened(httpx2.AsyncByteStream):
    """The beginning of a body that the SDK is going to read whole."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        left = LONGEST_REFUSAL
        async for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _shorten(response: httpx2.Response) -> None:
    """Refusals are read by the SDK before it raises: they must end."""
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Shortened(response.stream)
