"""A client of the API, as somebody would write one who has read the protocol."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streaming.events import decode
from streaming.fold import Fold
from streaming.sse import Decoder, Frame

PATIENCE_S = 30.0
Json = Any


@dataclass
class Answer:
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body)


@dataclass
class Reader:
    """What one has read of a message: its fold, the cursor, and what went wrong."""

    fold: Fold = field(default_factory=Fold)
    cursor: str = ""
    frames: list[Frame] = field(default_factory=list)

    def take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame.event == "reconnect":
            return
        self.cursor = frame.id
        self.fold.apply(decode(frame.event, frame.data))

    @property
    def ended(self) -> bool:
        return self.fold.terminal is not None

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.fold.parts if part.type == "text")


class Stream:
    """An open event stream."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse):
        self.connection = connection
        self.response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._decoder = Decoder()

    @property
    def message_id(self) -> str:
        return self.headers["x-message-id"]

    def frames(self, cut_after: int | None = None) -> Iterator[Frame]:
        """Frames until the end, or until this many bytes were read: then the line is cut."""
        left = cut_after
        while left is None or left > 0:
            chunk = self.response.read1(65536 if left is None else min(left, 65536))
            if not chunk:
                break
            if left is not None:
                left -= len(chunk)
            yield from self._decoder.feed(chunk)
        self.close()

    def into(self, reader: Reader, cut_after: int | None = None) -> Reader:
        for frame in self.frames(cut_after):
            reader.take(frame)
        return reader

    def close(self) -> None:
        self.response.close()
        self.connection.close()


class Client:
    """One person's client; blocking, a connection a call."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.host, self.port = parts.hostname, parts.port
        self.token = token

    def _open(
        self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        connection.request(method, path, body=data, headers=sent)
        return connection, connection.getresponse()

    def call(
        self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection, response = self._open(method, path, body, headers)
        try:
            content = response.read()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, content)
        finally:
            connection.close()

    def stream(
        self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None
    ) -> Stream:
        sent = {"Accept": "text/event-stream", **(headers or {})}
        return Stream(*self._open(method, path, body, sent))

    # ------------------------------------------------------------------ the usual things
    def conversation(self, **fields: Json) -> str:
        answer = self.call("POST", "/api/v1/conversations", fields)
        assert answer.status == 201, answer
        return str(answer.json["id"])

    def ask(self, conversation: str, text: str, headers: Any = None, **fields: Json) -> Stream:
        path = f"/api/v1/conversations/{conversation}/messages"
        return self.stream("POST", path, {"text": text, **fields}, headers)

    def follow(self, message: str, after: str = "") -> Stream:
        return self.stream("GET", f"/api/v1/messages/{message}/events?after={after}")

    def message(self, id: str) -> Json:
        answer = self.call("GET", f"/api/v1/messages/{id}")
        assert answer.status == 200, answer
        return answer.json

    def stop(self, id: str) -> Answer:
        return self.call("POST", f"/api/v1/messages/{id}/stop")

    def resume(self, message: str, reader: Reader) -> Reader:
        """Follow, from the reader's cursor, until the end."""
        while not reader.ended:
            stream = self.follow(message, reader.cursor)
            if stream.status == 204:
                break
            stream.into(reader)
        return reader
