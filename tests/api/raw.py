"""Requests that no client library would send."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from tests.client import PATIENCE_S, Answer, Client

Headers = Iterable[tuple[str | bytes, str | bytes]]


def send(
    client: Client, method: str, path: str, headers: Headers = (), body: bytes = b""
) -> Answer:
    """The client's token goes along; everything else is as it is given, byte by byte."""
    lines = [f"{method} {path} HTTP/1.1".encode(), f"Host: {client.host}:{client.port}".encode()]
    if client.token:
        lines.append(f"Authorization: Bearer {client.token}".encode())
    lines += [_bytes(name) + b": " + _bytes(value) for name, value in headers]
    lines += [b"Content-Length: %d" % len(body), b"Connection: close", b"", body]
    with socket.create_connection((client.host, client.port), PATIENCE_S) as connection:
        connection.sendall(b"\r\n".join(lines))
        return _parse(b"".join(iter(lambda: connection.recv(65536), b"")))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _parse(response: bytes) -> Answer:
    head, _, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(body))
    return Answer(int(first.split(" ")[1]), headers, body)


def _chunks(body: bytes) -> Iterable[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        yield rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
