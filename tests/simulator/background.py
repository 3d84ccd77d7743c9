"""Responses that go on while nobody is connected, and can be read from any event on.

Nothing runs for it: which event a response has reached is a function of the clock.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from .calls import Call
from .responses_wire import ResponsesWire
from .script import Script
from .transmission import Ending, Step, mishap, transmission

#: Faults of what is generated: they are the same for whoever reads it, whenever. All others are
#: faults of one connection.
GENERATED = ("error", "unknown", "invalid_utf8", "huge", "empty", "endless")
AT_THE_END = ("no_stop", "hang")


@dataclass(frozen=True)
class Event:
    """What is sent for one number, when it is there (seconds since the start), its tokens."""

    frame: bytes
    due: float
    tokens: int


class Stored:
    """One response: its events are made when they are asked for first, and kept."""

    def __init__(self, origin: Script, script: Script, call: Call, said: str) -> None:
        self.origin = origin
        fault = script.fault if script.fault in GENERATED else ""
        self.script = script
        self.wire = ResponsesWire(script, call.body["model"], call.body, call.number)
        self.began = asyncio.get_running_loop().time() + script.headers_after
        self.cancelled: float | None = None
        generated = dataclasses.replace(script, fault=fault, by_call=())
        own = dataclasses.replace(call)  # it counts what is generated, not what is sent
        self._plan = transmission(generated, self.wire, own, said)
        self._due = 0.0
        self._events: list[Event] = []
        self._over = False

    def event(self, number: int) -> Event | None:
        while number >= len(self._events) and not self._over:
            self._make()
        return self._events[number] if number < len(self._events) else None

    def _make(self) -> None:
        sent = self.wire.sent
        step = next(self._plan)
        if isinstance(step, Ending):
            self._over = True
        elif isinstance(step, bytes):
            pieces = [piece + b"\n\n" for piece in step.split(b"\n\n")[:-1]]
            self._events += [Event(piece, self._due, 0) for piece in pieces[:-1]]
            tokens = self.wire.sent - sent
            self._events += [Event(piece, self._due, tokens) for piece in pieces[-1:]]
        else:
            self._due = max(self._due, step)

    def cancel(self) -> None:
        if self.status() == "in_progress":
            self.cancelled = asyncio.get_running_loop().time()

    def status(self) -> str:
        if self.cancelled is not None:
            return "cancelled"
        if self.script.fault == "endless":
            return "in_progress"
        now = asyncio.get_running_loop().time() - self.began
        number = 0
        while (event := self.event(number)) is not None:
            if event.due > now:
                return "in_progress"
            number += 1
        last, _, _ = self._events[-1].frame.partition(b"\n")
        return last.rpartition(b".")[2].decode()

    def read(self, script: Script, call: Call, after: int) -> Iterator[Step]:
        """One connection's view: everything behind ``after``, with this call's faults."""
        yield 0.0
        opened = asyncio.get_running_loop().time()
        fault = script.fault if script.fault not in GENERATED else ""
        for number in itertools.count(after + 1):
            if (event := self.event(number)) is None:
                break
            if fault and call.tokens >= script.at and (event.tokens or call.tokens):
                elapsed = asyncio.get_running_loop().time() - opened
                yield from mishap(script, self.wire, iter([event.frame]), elapsed)
                if fault not in AT_THE_END:
                    fault = ""
            if (wait := self.began + event.due - opened) > 0:
                yield wait
            if self.cancelled is not None and self.began + event.due > self.cancelled:
                yield self.wire.cancelled()
                break
            if fault in AT_THE_END and self.event(number + 1) is None:
                yield Ending.EOF if fault == "no_stop" else Ending.HANG
            yield event.frame
            call.tokens += event.tokens
        yield Ending.COMPLETE


class Background:
    """All responses that are kept."""

    def __init__(self) -> None:
        self._stored: dict[str, Stored] = {}

    def clear(self) -> None:
        self._stored.clear()

    def create(self, origin: Script, script: Script, call: Call, said: str) -> Stored:
        """``origin`` is the script for all calls, ``script`` what of it is for this one."""
        stored = Stored(origin, script, call, said)
        if call.body.get("background"):
            self._stored[stored.wire.id] = stored
        return stored

    def find(self, id: str) -> Stored | None:
        return self._stored.get(id)
