"""The HTTP client under the vendors' SDKs: no redirects, no read timeout, many connections."""

from __future__ import annotations

import functools
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies

import httpcore2
import httpx2

from .local import is_local
from .network import Network

#: Seconds to connect, and to hand a request over. Silence is judged by the engine.
TIMEOUT = httpx2.Timeout(None, connect=10.0, write=30.0)
#: One connection a stream (HTTP/1.1); those that idle are kept for the next question.
LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=60)
#: Bytes of an answer that is no stream (an error, a web page) that are read at most.
LONGEST_REFUSAL = 64 * 1024


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
        limits=LIMITS,
        follow_redirects=False,
        # Compressed text waits in the compressor until there is enough of it.
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_shorten]},
    )


class Transport(httpx2.AsyncBaseTransport):
    """httpcore's connection pool on our own sockets.

    Errors before the response's headers are httpx's. Those while its body is read are httpcore's
    own: one layer less for every token.
    """

    def __init__(self) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls(),
            max_connections=LIMITS.max_connections,
            max_keepalive_connections=LIMITS.max_keepalive_connections,
            keepalive_expiry=LIMITS.keepalive_expiry,
            network_backend=Network(),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        with _httpx_errors():
            response = await self._pool.handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


@functools.cache
def tls() -> ssl.SSLContext:
    """Loading the certificates takes 20 ms: once for all providers."""
    return httpx2.create_ssl_context()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.TimeoutException,
        httpcore2.UnsupportedProtocol,
    ) as error:
        # The two families have the same names.
        raise getattr(httpx2, type(error).__name__)(str(error)) from error


class _Body(httpx2.AsyncByteStream):
    """A response's bytes, straight from the pool."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        await self._stream.aclose()


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
