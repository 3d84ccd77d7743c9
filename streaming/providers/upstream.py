"""One streaming call to a vendor: bytes in, batches of parts out, closed when it is left."""

from __future__ import annotations

import abc
import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Protocol

import httpx2

from ..sse import Decoder, Frame, FrameTooLong
from .base import Finished, Output, ProviderError
from .failures import Service, bad_key, lost, malformed, refused, unreachable
from .payload import Malformed

#: Seconds that a vendor gets for its last frames (usage, the end marker) after a finish reason.
GRACE = 2.0
#: Seconds and bytes to find the end of a finished response, so that its connection can be reused.
DRAIN_SECONDS = 0.05
DRAIN_BYTES = 64 * 1024

#: What a connection may raise, from the SDK's side of it and from the socket's.
TRANSPORT_ERRORS: tuple[type[Exception], ...] = (
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    OSError,
)


class Response(Protocol):
    """What both SDKs give for ``with_streaming_response``."""

    @property
    def http_response(self) -> httpx2.Response: ...

    async def close(self) -> None: ...


class Reader(abc.ABC):
    """One answer's frames as parts, usage and end. Knows a vendor's wire, no I/O."""

    #: The finish reason is known, and only the account of the answer may still come.
    closing = False

    @abc.abstractmethod
    def read(self, frames: Sequence[Frame], out: list[Output]) -> None:
        """Append what the frames say. Raises ``Malformed`` and ``ProviderError``.

        What they said before the one that it raises for is appended.
        """

    def end(self, out: list[Output]) -> None:
        """The stream is over: append what was held back."""


class Call(
    AbstractAsyncContextManager[AsyncIterator[Sequence[Output]]], AsyncIterator[Sequence[Output]]
):
    """A call as :meth:`Provider.stream` describes it."""

    def __init__(
        self,
        send: Callable[[], Awaitable[Response]],
        reader: Reader,
        service: Service,
        model: str,
    ) -> None:
        self._send = send
        self._reader = reader
        self._service = service
        self._model = model
        self._decoder = Decoder()
        self._response: Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._over = self._finished = False
        self._failure: ProviderError | None = None

    async def __aenter__(self) -> AsyncIterator[Sequence[Output]]:
        self._response = await self._send()
        response = self._response.http_response
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in ("application/json", "text/html"):
            try:
                body = await beginning(response)
            except TRANSPORT_ERRORS as error:
                raise failure(self._service, error, self._model) from None
            finally:
                await self._response.close()
            raise refused(self._service, response.status_code, response.headers, body, self._model)
        plain = "content-encoding" not in response.headers
        # Each of httpx's layers is a generator to resume for every token.
        body_stream = response.stream if plain else response.aiter_bytes()
        self._chunks = aiter(body_stream)  # type: ignore[arg-type] # it was sent asynchronously
        return self

    async def __anext__(self) -> Sequence[Output]:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            self._over = True
            raise failure
        if self._over:
            raise StopAsyncIteration
        try:
            chunk = await self._chunk()
        except StopAsyncIteration:
            return self._end(broken=False)
        except TRANSPORT_ERRORS:
            return self._end(broken=True)
        out: list[Output] = []
        try:
            self._reader.read(self._decoder.feed(chunk), out)
        except (Malformed, FrameTooLong):
            self._failure = malformed(self._service)
        except ProviderError as error:
            self._failure = error
        self._look_for_end(out)
        return out

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        if self._response is None:
            return
        try:
            if self._finished and exc is None:
                await self._drain()
        finally:
            if isinstance(self._chunks, AsyncGenerator):
                await self._chunks.aclose()
            await self._response.close()

    async def _chunk(self) -> bytes:
        assert self._chunks is not None
        if not self._reader.closing:
            return await anext(self._chunks)
        async with asyncio.timeout(GRACE):
            return await anext(self._chunks)

    def _end(self, *, broken: bool) -> Sequence[Output]:
        """Nothing more will come: what was held back, or how it ended."""
        self._over = True
        out: list[Output] = []
        self._reader.end(out)
        self._look_for_end(out)
        if out:
            return out
        if broken:
            raise lost(self._service) from None
        raise StopAsyncIteration

    def _look_for_end(self, out: list[Output]) -> None:
        if out and isinstance(out[-1], Finished):
            self._finished = self._over = True
            self._failure = None

    async def _drain(self) -> None:
        assert self._chunks is not None
        left = DRAIN_BYTES
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for chunk in self._chunks:
                    left -= len(chunk)
                    if left < 0:
                        return
        except TRANSPORT_ERRORS:  # TimeoutError is one: the connection is not kept
            return


async def beginning(response: httpx2.Response, limit: int = 64 * 1024) -> bytes:
    """The first bytes of a body. Raises transport errors."""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= limit:
            break
    return body[:limit]


def failure(service: Service, error: Exception, model: str) -> ProviderError:
    """For what an SDK or a connection raised before the stream."""
    response = getattr(error, "response", None)
    if isinstance(response, httpx2.Response) and response.is_stream_consumed:
        return refused(service, response.status_code, response.headers, response.content, model)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return unreachable(service, "did not agree on a safe connection (TLS)")
        if isinstance(cause, (httpx2.LocalProtocolError, UnicodeError)):
            return bad_key(service)
        if isinstance(cause, httpx2.ConnectTimeout):
            return unreachable(service, "did not answer in time")
        if isinstance(cause, (httpx2.ReadError, httpx2.RemoteProtocolError)):
            return lost(service)
    return unreachable(service, "cannot be reached")


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes[::-1]
