"""The server's side of the ASGI lifespan protocol (version 2.0), which Daphne does not speak."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class CannotServe(Exception):
    """Says why, in words for the person who started the server."""


class LifespanCall:
    """An application that was called with the scope `lifespan`."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._reply: asyncio.Future[dict[str, Any]] | None = None
        self._call: asyncio.Task[None] | None = None
        self._started = False

    async def startup(self) -> None:
        """Return when the application has started. Raises CannotServe when it says it cannot.

        One that fails without a word knows no lifespan, and is served without.
        """
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
        call = self._application(scope, self._inbox.get, self._send)
        self._call = asyncio.create_task(call, context=contextvars.Context())
        await self._ask("startup")
        self._started = True
        if self._call.done() and (error := self._call.exception()) is not None:
            logger.info("The application knows no lifespan: %s", error)

    async def shutdown(self) -> None:
        """Return when the application has ended. Raises CannotServe when it says it could not.

        One that is still starting is cancelled.
        """
        if self._call is None or self._call.done():
            return
        if self._started:
            await self._ask("shutdown")
        else:
            self._call.cancel()
            await asyncio.wait({self._call})

    async def _ask(self, what: str) -> None:
        assert self._call is not None
        self._reply = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait({"type": f"lifespan.{what}"})
        either: set[asyncio.Future[Any]] = {self._reply, self._call}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._reply.done() and self._reply.result()["type"] == f"lifespan.{what}.failed":
            raise CannotServe(f"{what.capitalize()} failed: {self._reply.result()['message']}")

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._reply is not None
        self._reply.set_result({"message": "no reason given", **message})
