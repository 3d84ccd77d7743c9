"""The two vendors' streams, frame by frame. Frames are assembled from parts encoded once."""

from __future__ import annotations

import abc
import json
from functools import lru_cache
from typing import Any

from .script import Script


@lru_cache(maxsize=4096)
def quoted(text: str) -> bytes:
    """As a JSON string. Lone surrogates come out as escapes, everything else as UTF-8."""
    return json.dumps(text, ensure_ascii=not _encodable(text)).encode()


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def compact(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


class Wire(abc.ABC):
    """One answer on its way. Stateful: frames are asked for in the order they are sent in."""

    name: str

    def __init__(self, script: Script, model: str, body: dict[str, Any], number: int) -> None:
        self.script = script
        self.model = model
        self.body = body
        self.number = number
        self.sent = 0

    @abc.abstractmethod
    def head(self) -> bytes:
        """What comes before the first token."""

    @abc.abstractmethod
    def token(self, kind: str, text: str) -> bytes:
        """One delta of ``text``, ``reasoning`` or ``refusal``."""

    @abc.abstractmethod
    def tool(self, index: int, id: str, name: str, arguments: str) -> list[bytes]:
        """One tool call, in three pieces."""

    @abc.abstractmethod
    def finish(self) -> bytes:
        """Finish reason and usage."""

    @abc.abstractmethod
    def stop(self) -> bytes:
        """The very last marker."""

    @abc.abstractmethod
    def ping(self) -> bytes: ...

    @abc.abstractmethod
    def error(self, code: str, message: str) -> bytes: ...

    @abc.abstractmethod
    def unknown(self) -> bytes:
        """Events and fields that a later version may bring."""

    @abc.abstractmethod
    def malformed(self) -> bytes: ...

    @abc.abstractmethod
    def not_an_object(self) -> bytes: ...

    @property
    def input_tokens(self) -> int:
        """A stand-in that a test can compute: four bytes of request are a token."""
        return len(json.dumps(self.body.get("messages") or self.body["input"])) // 4
