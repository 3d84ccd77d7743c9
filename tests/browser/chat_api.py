"""The API of one conversation as the elements see it, with every word and every mishap on cue."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from streaming.events import dumps
from streaming.sse import encode

from .modules import Modules, serving

ENDING: dict[str, Any] = {"usage": {}, "timings": {}}


class Message:
    """An answer's log; whoever reads it waits for more until it has ended."""

    def __init__(self, key: str, api: ChatApi) -> None:
        self.key = key
        self.stop_requests = 0
        self._api = api
        self._log: list[tuple[str, dict[str, Any]]] = []
        self._cuts = 0
        self._changed = threading.Condition()
        labels = {"message_id": key, "conversation_id": "c1"}
        self.add("started", model="demo/x", attempt=1, **labels)
        self.add("part", index=0, type="text")

    def add(self, event: str, /, **data: Any) -> None:
        with self._changed:
            self._log.append((event, data))
            self._changed.notify_all()

    def say(self, text: str) -> None:
        self.add("delta", index=0, text=text)

    def end(self, event: str = "done", /, **data: Any) -> None:
        self.add(event, **(data or {"finish_reason": "stop", **ENDING}))

    @property
    def cursor(self) -> str:
        return f"{self.key}-{len(self._log)}"

    @property
    def over(self) -> bool:
        return self._log[-1][0] in ("done", "stopped", "incomplete", "failed")

    def cut(self) -> None:
        """Drop all connections that read it."""
        with self._changed:
            self._cuts += 1
            self._changed.notify_all()

    def stream(self, handler: BaseHTTPRequestHandler, after: str = "") -> None:
        seq = int(after.rpartition("-")[2]) if after else 0
        self._api.follows.append(after)
        if seq == len(self._log) and self.over:
            handler.send_response(204)
            handler.end_headers()
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("X-Message-Id", self.key)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        for frame in self._frames(seq):
            handler.wfile.write(frame)

    def _frames(self, seq: int) -> Iterator[bytes]:
        cuts = self._cuts
        yield b": hello\n\n"
        while cuts == self._cuts and not (seq == len(self._log) and self.over):
            with self._changed:
                if seq == len(self._log):
                    self._changed.wait()
                news = list(enumerate(self._log[seq:], seq + 1))
            if cuts != self._cuts:
                return
            for seq, (name, data) in news:
                yield encode(dumps(data), event=name, id=f"{self.key}-{seq}").encode()


class ChatApi(Modules):
    """What was asked of it, and answers that the test writes."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.body = body
        #: Calls: path, body, headers.
        self.calls: list[tuple[str, Any, dict[str, str]]] = []
        #: The cursors that were followed from.
        self.follows: list[str] = []
        #: What becomes of the next calls, first one first: a status, or ``"lost"``.
        self.mishaps: list[int | str] = []
        self.messages: dict[str, Message] = {}
        self.new_message = threading.Semaphore(0)
        self._by_key: dict[str, Message] = {}

    def message(self, key: str) -> Message:
        """A new answer, not asked for by the page."""
        return self.messages.setdefault(key, Message(key, self))

    def asked(self) -> Message:
        """The answer that the page's next call asks for."""
        assert self.new_message.acquire(timeout=10)
        return list(self.messages.values())[-1]

    def close(self) -> None:
        for message in self.messages.values():
            message.cut()

    def answer(self, handler: BaseHTTPRequestHandler) -> bool:
        path = urlsplit(handler.path).path.removeprefix("/api/v1")
        if handler.path == path:
            return False
        for pattern, act in self._routes():
            if found := re.fullmatch(f"{handler.command} {pattern}", f"{handler.command} {path}"):
                act(handler, *found.groups())
                return True
        return False

    def _routes(self) -> Iterator[tuple[str, Callable[..., None]]]:
        yield r"/conversations", self._create
        yield r"/conversations/(\w+)/messages", self._ask
        yield r"/messages/(\w+)/(?:continue|regenerate)", self._ask
        yield r"/messages/(\w+)/stop", self._stop
        yield r"/messages/(\w+)/events", self._follow

    def _note(self, handler: BaseHTTPRequestHandler) -> bool:
        """Takes the call down; whether it may go on."""
        length = int(handler.headers["Content-Length"])
        body = json.loads(handler.rfile.read(length))
        self.calls.append((handler.path, body, dict(handler.headers)))
        mishap = self.mishaps.pop(0) if self.mishaps else None
        if mishap == "lost":
            # Closed without a byte, Chromium itself would send it again on another connection.
            handler.wfile.write(b"\0")
            handler.close_connection = True
        elif isinstance(mishap, int):
            problem = {"title": "No", "detail": f"Refused with {mishap}."}
            self._json(handler, mishap, problem, "application/problem+json")
        return mishap is None

    def _json(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        data: Any,
        kind: str = "application/json",
    ) -> None:
        body = json.dumps(data).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _create(self, handler: BaseHTTPRequestHandler) -> None:
        if self._note(handler):
            self._json(handler, 201, {"id": "c1"})

    def _ask(self, handler: BaseHTTPRequestHandler, _: str) -> None:
        if not self._note(handler):
            return
        key = handler.headers["Idempotency-Key"]
        if key not in self._by_key:
            self._by_key[key] = self.message(f"m{len(self.messages) + 1}")
            self.new_message.release()
        self._by_key[key].stream(handler)

    def _stop(self, handler: BaseHTTPRequestHandler, key: str) -> None:
        if self._note(handler):
            self._json(handler, 202, {"receipt": "r1"})
            self.messages[key].stop_requests += 1
            self.messages[key].end("stopped", receipt="r1", **ENDING)

    def _follow(self, handler: BaseHTTPRequestHandler, key: str) -> None:
        after = parse_qs(urlsplit(handler.path).query).get("after", [""])[0]
        self.messages[key].stream(handler, after)


@contextmanager
def serving_chat(body: str) -> Iterator[ChatApi]:
    with serving(ChatApi(body)) as api:
        assert isinstance(api, ChatApi)
        try:
            yield api
        finally:
            api.close()
