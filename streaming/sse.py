"""Server-sent events, both directions, without I/O.

Implements the event stream format of the HTML standard, section 9.2 (WHATWG).
"""

from __future__ import annotations

from dataclasses import dataclass


def encode(data: str, *, event: str = "", id: str = "", retry_ms: int | None = None) -> str:
    """One frame. ``data`` may hold any text; each of its lines becomes a ``data:`` line.

    CR and CRLF inside ``data`` would come out as LF, as the standard has it: send JSON, which
    escapes them. ``event`` and ``id`` must hold no line break.
    """
    head = f"id: {id}\n" if id else ""
    if event:
        head += f"event: {event}\n"
    if retry_ms is not None:
        head += f"retry: {retry_ms}\n"
    if "\n" in data or "\r" in data:
        data = data.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\ndata: ")
    return f"{head}data: {data}\n\n"


def comment(text: str) -> str:
    """A comment frame, which every reader ignores."""
    return f": {text}\n\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """One dispatched event. ``id`` is the last one seen, as the standard keeps it."""

    data: str
    event: str = "message"
    id: str = ""


class FrameTooLong(ValueError):
    """A frame went past the decoder's limit."""


class Decoder:
    """Bytes in, frames out; any chunking gives the same frames.

    Invalid UTF-8 becomes U+FFFD. A frame that the end of input cuts off is not dispatched.
    ``limit`` bounds one line and one frame's data, in bytes (``FrameTooLong`` past it).
    """

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self.retry_ms: int | None = None
        self._limit = limit
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._after_cr = False
        self._first = True
        self._data: list[str] = []
        self._data_size = 0
        self._event = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that this chunk completes, in order."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep(chunk)
            return []
        if self._rest:
            chunk = b"".join(self._rest) + chunk
            self._rest, self._rest_size = [], 0
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        self._keep(lines.pop())
        frames: list[Frame] = []
        for line in lines:
            if line:
                self._field(line)
            elif self._data:
                frames.append(Frame("\n".join(self._data), self._event or "message", self._id))
                self._data, self._data_size, self._event = [], 0, ""
            else:
                self._event = ""
        return frames

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._rest.append(rest)
            self._rest_size += len(rest)
            if self._rest_size > self._limit:
                raise FrameTooLong(f"a line of more than {self._limit} bytes")

    def _field(self, line: bytes) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._data_size += len(value)
            if self._data_size > self._limit:
                raise FrameTooLong(f"a frame of more than {self._limit} bytes")
            self._data.append(value.decode("utf-8", "replace"))
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_ms = int(value)
