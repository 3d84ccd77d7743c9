"""What a client may send, and in which time: refused early, with a problem document (RFC 9457)."""

# mypy: allow-untyped-calls
# Twisted has types for the half of its methods only.
from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.web.http import HTTPChannel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    Twisted itself allows 16 KiB of request line and headers and 500 headers.
    """

    body_size: int = 10 * 1024 * 1024
    #: From the first byte of a request to the end of its headers, and of its body.
    head_time: float = 15
    body_time: float = 300
    #: How long a connection may be silent between requests, or while it owes us the rest of one.
    idle_time: float = 75
    #: How long a refused client may go on sending, so that it gets to read why.
    linger_time: float = 3


def problem(status: int, detail: str) -> bytes:
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return json.dumps(document).encode()


def public_path(path: str) -> str:
    """A path fit for a log: what may be a secret (the key of a password reset) is left out."""
    return re.sub(r"[^/]{37,}", "…", path)


class Channel(HTTPChannel):
    """One connection's requests, read one after the other within the limits.

    Method names in Twisted's style override Twisted's own.
    """

    factory: Any
    transport: Any
    refused = False
    #: When the first byte of a request came whose last byte has not come yet.
    receiving_since: float | None = None

    @property
    def limits(self) -> Limits:
        limits: Limits = self.factory.limits
        return limits

    def dataReceived(self, data: bytes) -> None:
        if self.refused:
            return
        if self.receiving_since is None and not self._handlingRequest:
            self.receiving_since = time.monotonic()
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not self.refused:
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        if not self.refused:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        if (self.length or 0) > self.limits.body_size:
            self.refuse_size()
        else:
            super().allHeadersReceived()

    def allContentReceived(self) -> None:
        if not self.refused:
            self.receiving_since = None
            super().allContentReceived()

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        if self.factory.closing:
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def close_if_idle(self) -> None:
        """Close now, or after the answer that is under way."""
        self.persistent = False
        if not self._handlingRequest and self.receiving_since is None:
            self.loseConnection()

    def refuse_size(self) -> None:
        self.refuse(413, f"A request may carry at most {self.limits.body_size} bytes.")

    def refuse_if_slow(self) -> None:
        """To be called often."""
        if self.receiving_since is None or self.refused:
            return
        allowed = self.limits.head_time if self.line_mode else self.limits.body_time
        if time.monotonic() - self.receiving_since > allowed:
            self.refuse(408, f"The request did not come within {allowed:g} seconds.")

    def refuse(self, status: int, detail: str) -> None:
        """Answer, and read no more requests from this connection.

        Our side is closed at once and theirs a little later: a connection that is closed with
        bytes unread is reset, and a reset can overtake the answer.
        """
        body = problem(status, detail)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            "Content-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.refused = True
        self.transport.writeSequence([head.encode(), body])
        self.transport.loseWriteConnection()
        self.setTimeout(self.limits.linger_time)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(431, f"A line of a request's head may hold at most {self.MAX_LENGTH} bytes.")

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400, "This is not a request that HTTP/1.1 allows.")


class Request(WebRequest):  # type: ignore[misc] # untyped
    """A request on its way to the application."""

    def __init__(self, channel: Channel, queued: Any) -> None:
        super().__init__(channel, queued, parsePOSTFormSubmission=False)
        self.body_size = 0

    def handleContentChunk(self, data: bytes) -> None:
        self.body_size += len(data)
        if self.body_size > self.channel.limits.body_size:
            self.channel.refuse_size()
        else:
            super().handleContentChunk(data)

    def process(self) -> Any:
        # Daphne takes the application's mount point from this header, whoever sent it.
        self.requestHeaders.removeHeader(b"daphne-root-path")
        protocols = self.requestHeaders.getRawHeaders(b"sec-websocket-protocol", [])
        if not b"".join(protocols).isascii():  # Daphne would fail on it
            self.basic_error(400, b"Bad Request", "Subprotocols have names in ASCII")
            return None
        return super().process()

    def handle_reply(self, message: dict[str, Any]) -> None:
        data = message.get("body")
        if self.chunked and data and message.get("more_body") and not self.finished:
            # What an answer mostly consists of, without the layers in between.
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            super().handle_reply(message)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        headers = [(b"Content-Type", b"application/problem+json")]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": problem(status, f"{body}.")})

    def handle_exception(self, exception: BaseException | None) -> None:
        """The application failed. What it began cannot be finished and must not look finished."""
        if self._response_started:
            self.loseConnection()
        else:
            self.basic_error(500, b"Internal Server Error", "Something went wrong here")


class Factory(HTTPFactory):  # type: ignore[misc] # untyped
    """Makes the channels, and keeps the access log (at DEBUG)."""

    def __init__(self, server: Any, limits: Limits) -> None:
        super().__init__(server)
        self.limits = limits
        #: No connection is kept for another request.
        self.closing = False
        self.timeOut = limits.idle_time

    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        channel = super().buildProtocol(addr)
        channel.requestFactory = Request
        return channel

    def log(self, request: Any) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            path = public_path(request.path.decode("ascii", "replace"))
            logger.debug("%s %s %s", request.method.decode("ascii", "replace"), path, request.code)
