"""An answer as a plan: what to send, until when to wait, how to end. Pure, no I/O."""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator

from .calls import Call
from .going_on import rest
from .script import Script
from .wires import Wire


class Ending(enum.Enum):
    """How the connection ends when the plan is over."""

    COMPLETE = "complete"
    EOF = "eof"
    FIN = "fin"
    RESET = "reset"
    HANG = "hang"


#: Bytes to send; seconds since the headers to wait for; the end.
Step = bytes | float | Ending

PING_EVERY = 0.05


def transmission(script: Script, wire: Wire, call: Call, said: str) -> Iterator[Step]:
    """The steps of one answer. ``said`` is what a continued answer already has."""
    yield wire.head()
    yield 0.0
    interval = 1 / script.tps if script.tps else 0.0
    due = script.first_after
    frames = _frames(script, wire, said)
    while True:
        if script.fault and call.tokens == script.at:
            yield from mishap(script, wire, frames, due)
        if due:
            yield due
        due += interval
        if script.fault == "unknown":
            yield wire.unknown()
        # Made only now: a stamp tells when the token left.
        frame = next(frames, None)
        if frame is None:
            break
        yield frame
        call.tokens += 1
    if script.fault and call.tokens < script.at:
        yield from mishap(script, wire, frames, due)
    yield wire.finish()
    if script.fault == "no_stop":
        yield Ending.EOF
    if script.fault == "hang":
        yield Ending.HANG
    yield wire.stop()
    yield Ending.COMPLETE


def _frames(script: Script, wire: Wire, said: str) -> Iterator[bytes]:
    """One frame a token: reasoning, text, refusal, tool calls."""
    for text in script.reasoning_tokens():
        yield wire.token("reasoning", text)
    for text in _text(script, said):
        yield wire.token("text", f"{time.monotonic_ns()} " if script.stamp else text)
    for text in script.refusal_tokens():
        yield wire.token("refusal", text)
    for index, (id, name, arguments) in enumerate(script.tool_calls()):
        yield from wire.tool(index, id, name, arguments)


def _text(script: Script, said: str) -> Iterator[str]:
    if script.fault == "endless":
        yield from script.endless_tokens()
    goes_on = rest(script, said)
    yield from script.text_tokens() if goes_on is None else goes_on


def mishap(script: Script, wire: Wire, frames: Iterator[bytes], due: float) -> Iterator[Step]:
    """What goes wrong at this point of the answer. ``due`` is its place in time."""
    match script.fault:
        case "error":
            code = script.code or ("overloaded_error" if wire.name == "anthropic" else "overloaded")
            yield wire.error(code, script.message or "Overloaded")
            yield Ending.EOF
        case "stall":
            yield Ending.HANG
        case "pings":
            while True:
                due += PING_EVERY
                yield due
                yield wire.ping()
        case "reset":
            yield Ending.RESET
        case "cut":
            frame = next(frames, b"data: half a frame")
            yield frame[: len(frame) // 2]
            yield Ending.FIN
        case "eof":
            yield Ending.EOF
        case "malformed":
            yield wire.malformed()
        case "not_an_object":
            yield wire.not_an_object()
        case "invalid_utf8":
            yield wire.token("text", "<?>").replace(b"<?>", b"\xff\xc3\x28\xed\xa0\x80")
        case "huge":
            yield wire.token("text", "x" * script.size)
        case "huge_line":
            for _ in range(script.size // 65536 + 1):
                yield b"x" * 65536
            yield Ending.HANG
        case "empty":
            for _ in range(script.size):
                yield wire.token("text", "")
