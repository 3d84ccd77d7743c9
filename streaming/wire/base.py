"""What a wire is: how the entries of a log look to one kind of client."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from uuid import UUID

from ..log.base import Entry


class Wire(abc.ABC):
    """Frames for one reader. Holds no text."""

    content_type: str

    @abc.abstractmethod
    def __init__(self, key: UUID) -> None:
        """For a reader of the generation with this key."""

    @abc.abstractmethod
    def hello(self) -> bytes:
        """Sent at once, before there is anything to tell."""

    @abc.abstractmethod
    def frames(self, entries: Sequence[Entry]) -> bytes: ...

    @abc.abstractmethod
    def ping(self) -> bytes:
        """Sent when nothing else was for a while."""

    @abc.abstractmethod
    def reconnect(self, retry_in_ms: int) -> bytes:
        """Sent when this server is about to close."""
