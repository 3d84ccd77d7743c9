"""Server-sent events: the protocol's own wire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ..cursors import prefix
from ..events import dumps
from ..log.base import Entry
from ..sse import comment, encode
from .base import Wire

#: What a browser's ``EventSource`` waits before it comes back after a drop.
RETRY_MS = 1000


class ServerSentEvents(Wire):
    content_type = "text/event-stream"

    def __init__(self, key: UUID) -> None:
        self._prefix = prefix(key)

    def hello(self) -> bytes:
        return f": hello\nretry: {RETRY_MS}\n\n".encode()

    def frames(self, entries: Sequence[Entry]) -> bytes:
        before = self._prefix
        # Data is one line of JSON already, so this is all that sse.encode would do.
        return "".join(
            [
                f"id: {before}{entry.seq}\nevent: {entry.name}\ndata: {entry.data}\n\n"
                for entry in entries
            ]
        ).encode()

    def ping(self) -> bytes:
        return comment("ping").encode()

    def reconnect(self, retry_in_ms: int) -> bytes:
        data = dumps({"retry_in_ms": retry_in_ms})
        return encode(data, event="reconnect", retry_ms=retry_in_ms).encode()
