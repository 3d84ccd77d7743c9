"""For servers that wait for a reader for ever: give it up when one `send()` has waited too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class WriteDeadline:
    """ASGI middleware that drops a reader who keeps ``send()`` waiting for ``timeout`` seconds.

    Needs uvicorn's ``send``, a method of what holds the connection; the application then sees a
    disconnect. Any other ``send`` is passed on as it is: our own server has deadlines itself.
    """

    def __init__(self, app: Callable[..., Any], timeout: float = 60.0) -> None:
        self.app = app
        self.timeout = timeout

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
        if not callable(getattr(transport, "abort", None)):
            await self.app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()

        async def send_in_time(message: Any) -> None:
            deadline = loop.call_later(self.timeout, transport.abort)
            try:
                await send(message)
            except asyncio.CancelledError:  # what waited here cannot be completed any more
                transport.abort()
                raise
            finally:
                deadline.cancel()
            if transport.is_closing():
                await asyncio.sleep(0.01)  # or a sender that never looks up would keep the loop

        await self.app(scope, receive, send_in_time)
