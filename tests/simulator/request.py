"""HTTP/1.1 requests in, whole responses out: as much of it as the simulator's clients speak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

_KEYS = ("authorization", "x-api-key", "api-key")


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def has_key(self) -> bool:
        return any(self.headers.get(name, "").removeprefix("Bearer").strip() for name in _KEYS)

    def public_headers(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name not in _KEYS}


class RequestReader:
    """Bytes in, requests out. Bodies have a ``Content-Length``."""

    def __init__(self) -> None:
        self._bytes = b""
        self._head: Request | None = None
        self._length = 0

    def feed(self, data: bytes) -> Iterator[Request]:
        self._bytes += data
        while True:
            if self._head is None:
                head, found, rest = self._bytes.partition(b"\r\n\r\n")
                if not found:
                    return
                self._bytes = rest
                self._head = _parse(head)
                self._length = int(self._head.headers.get("content-length", "0"))
            if len(self._bytes) < self._length:
                return
            request, self._head = self._head, None
            request.body, self._bytes = self._bytes[: self._length], self._bytes[self._length :]
            yield request


def _parse(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    return Request(method, target, {name.lower(): value.strip() for name, _, value in pairs}, b"")


def response(status: int, body: Any, headers: dict[str, str] | None = None) -> bytes:
    """A whole response: bytes go out as HTML, everything else as JSON."""
    html = isinstance(body, bytes)
    data = body if html else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} {_phrase(status)}",
        f"content-type: {'text/html' if html else 'application/json'}",
        f"content-length: {len(data)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Overloaded"
