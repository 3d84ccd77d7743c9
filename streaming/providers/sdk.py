"""What the providers behind a vendor's SDK have in common: a client, made when it is needed."""

from __future__ import annotations

import abc
import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import httpx2

from ..prompt import Prompt
from .base import Provider
from .failures import Service, bad_key, cursor_lost, malformed
from .payload import Malformed, parse
from .transport import http_client
from .upstream import TRANSPORT_ERRORS, Call, Reader, Response, beginning, failure

#: What can stand in an HTTP header and in a key.
_SENDABLE = re.compile(r"[\x21-\x7e]*")
#: A list of models is small.
LONGEST_LIST = 8 * 1024 * 1024


T = TypeVar("T")


class Client(Protocol):
    async def close(self) -> None: ...


class SdkProvider(Provider):
    """A provider that sends its requests through a vendor's SDK and reads the bytes itself.

    The SDK is imported at first use and in a thread: Anthropic's takes 1.5 s and 40 MiB. A
    connection belongs to the event loop it was opened in, so each loop has its client.
    """

    def __init__(self, service: Service, base_url: str) -> None:
        self._service = service
        self._base_url = base_url
        self._clients: dict[asyncio.AbstractEventLoop, asyncio.Future[Any]] = {}

    @property
    @abc.abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """What the SDK raises. Asked only after it was imported."""

    @abc.abstractmethod
    def _make_client(self, http: httpx2.AsyncClient) -> Client:
        """The SDK's client, which never retries. Runs in a thread; may import."""

    @abc.abstractmethod
    def _reader(self, model: str) -> Reader: ...

    @abc.abstractmethod
    async def _send(self, client: Any, prompt: Prompt, model: str) -> Response:
        """Send the request for ``prompt`` to ``model``, as the provider calls it."""

    def stream(self, prompt: Prompt, resume: str = "") -> Call:
        model = prompt.model.partition("/")[2] or prompt.model

        async def send() -> Response:
            if resume:  # of another provider, or of a mode that has been switched off
                raise cursor_lost(self._service)
            client = await self._client()
            return await self._guarded(lambda: self._send(client, prompt, model), model)

        return Call(send, self._reader(model), self._service, model)

    async def close(self) -> None:
        made = self._clients.pop(asyncio.get_running_loop(), None)
        if made is not None:
            client: Client = await made
            await client.close()

    async def _client(self) -> Any:
        if not _SENDABLE.fullmatch(self._service.key):
            raise bad_key(self._service)
        loop = asyncio.get_running_loop()
        made = self._clients.get(loop)
        if made is None:
            for other in [other for other in self._clients if other.is_closed()]:
                del self._clients[other]
            made = asyncio.ensure_future(asyncio.to_thread(self._make))
            self._clients[loop] = made
        # Who waits for it may be cancelled; the others that wait are not.
        return await asyncio.shield(made)

    def _make(self) -> Client:
        return self._make_client(http_client(self._base_url))

    async def _guarded(self, request: Callable[[], Awaitable[T]], model: str) -> T:
        try:
            return await request()
        except (*self.errors, *TRANSPORT_ERRORS) as error:
            # The SDK's message may hold what the vendor said about the key: it goes no further.
            raise failure(self._service, error, model) from None

    async def _listed(self, request: Callable[[], Awaitable[Response]]) -> list[Any]:
        """The vendor's list of models, as it sent it."""

        async def read() -> bytes:
            response = await request()
            try:
                return await beginning(response.http_response, LONGEST_LIST)
            finally:
                await response.close()

        body = await self._guarded(read, "")
        try:
            data = parse(body.decode("utf-8", "replace"))["data"]
        except (Malformed, KeyError):
            raise malformed(self._service) from None
        return data if isinstance(data, list) else []
