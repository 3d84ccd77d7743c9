"""Reading a stream of response events: the wire of OpenAI's Responses API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..accounts import Usage
from ..parts import REASONING, REFUSAL, TEXT, TOOL_CALL
from ..sse import Frame
from .base import Finished, Output, PartWriter, Resumable, UsageReported
from .failures import Service, cursor_lost, reported
from .payload import Malformed, count, fragment, mapping, parse, words
from .upstream import Reader

#: The deltas that are shown: type -> the part they go into, and what numbers it within its item.
_DELTAS = {
    "response.output_text.delta": (TEXT, "content_index"),
    "response.refusal.delta": (REFUSAL, "content_index"),
    "response.reasoning_text.delta": (REASONING, "content_index"),
    "response.reasoning_summary_text.delta": (REASONING, "summary_index"),
    "response.function_call_arguments.delta": (TOOL_CALL, ""),
}
_REASONS = {"max_output_tokens": "length", "max_messages": "length"}
#: Ends that are no answer. A call that ended so cannot be gone on with.
_FAILURES = ("error", "response.failed", "response.cancelled")
_ENCODER = json.JSONEncoder(separators=(",", ":"))  # dumps() would make one for every batch


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a call is: whose answer, after which event, and what the next delta appends to."""

    #: The response's id; empty when it cannot be asked for again.
    response: str = ""
    #: The ``sequence_number`` of the last event that was read.
    after: int = -1
    #: How many parts were opened, and the last one's type and place.
    parts: int = 0
    type: str = ""
    place: str = ""
    #: The first half of a surrogate pair whose second half has not come.
    half: str = ""
    #: What the reason of the end depends on: ``refusal``, ``tool_calls`` or nothing.
    kind: str = ""

    def text(self) -> str:
        """ASCII, also for half a pair."""
        fields = (self.response, self.after, self.parts, self.type, self.place, self.half)
        return _ENCODER.encode((*fields, self.kind))

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """The inverse of :meth:`text`. Raises ``ValueError``."""
        match json.loads(text):
            case [str(id), int(after), int(parts), str(type), str(place), str(half), str(kind)]:
                return cls(id, after, parts, type, place, half, kind)
        raise ValueError("not a cursor of this provider")


class Parts(PartWriter):
    """A writer that goes on where another one was. Items come one after the other."""

    def __init__(self, at: Cursor) -> None:
        super().__init__()
        self._count = at.parts
        self._high = at.half
        if at.parts:
            self._current = (at.type, at.place)
            self._indices[self._current] = at.parts - 1

    def cursor(self, response: str, after: int, kind: str) -> Cursor:
        type, place = self._current or ("", "")
        return Cursor(response, after, self._count, type, place, self._high, kind)


class ResponseReader(Reader):
    """The answer is whole when ``response.completed`` or ``response.incomplete`` came.

    As long as the other side says that it goes on without us (background mode), a batch ends with
    the cursor behind it. Events that were read before ``at`` are not read again, in case that a
    server starts over. Where nothing but a failure is left to read of a call, its cursor is lost.
    """

    def __init__(self, service: Service, model: str, at: Cursor | None = None) -> None:
        at = at or Cursor()
        self._service = service
        self._model = model
        self._response, self._after, self._kind = at.response, at.after, at.kind
        self._begun_after = at.after
        self._has_nothing_new = bool(at.response)
        self._parts = Parts(at)
        #: Neighbouring text of one slot, written as one delta per batch.
        self._slot = (TEXT, "")
        self._texts: list[str] = []
        self._reason = ""

    def read(self, frames: Sequence[Frame], out: list[Output]) -> None:
        try:
            for frame in frames:
                if frame.data != "[DONE]":  # some compatible servers' last line
                    self._event(parse(frame.data), out)
                if self._reason:
                    break
        except (AttributeError, KeyError, TypeError) as error:
            raise Malformed("an event of other types") from error
        finally:
            self._flush(out)
            if frames and not self._reason:
                self._tell(out)
        if self._reason:
            self._parts.flush(out)
            out.append(Finished(self._reason))

    def _tell(self, out: list[Output]) -> None:
        if self._response and self._after >= 0:
            cursor = self._parts.cursor(self._response, self._after, self._kind)
            out.append(Resumable(cursor.text()))

    def _event(self, event: dict[str, Any], out: list[Output]) -> None:
        type = event.get("type") or ("error" if event.get("error") else "")
        number = count(event.get("sequence_number"))
        if number is not None and number <= self._begun_after:
            return
        if (shown := _DELTAS.get(type)) is not None:
            self._delta(*shown, event, out)
            if number is None or number <= self._after:
                self._response = ""  # nobody could say where to go on
        elif type in _FAILURES:
            self._fail(event, out)
        elif type in ("response.completed", "response.incomplete"):
            self._finish(event["response"], out)
        elif type == "response.output_item.added":
            self._open(event["item"], event["output_index"], out)
        elif type == "response.created" and event["response"].get("background") is True:
            self._response = words(event["response"].get("id"))
        if number is not None:
            self._after = number

    def _delta(self, kind: str, within: str, event: dict[str, Any], out: list[Output]) -> None:
        text = event["delta"]
        if type(text) is not str:
            raise Malformed("text of another type")
        if not text:
            return
        place = f"{event['output_index']}"
        if within:
            place += f".{within}.{event[within]}"
        if (kind, place) != self._slot:
            self._flush(out)
            self._slot = (kind, place)
        self._texts.append(text)
        if kind == REFUSAL:
            self._kind = self._kind or "refusal"

    def _flush(self, out: list[Output]) -> None:
        if self._texts:
            self._has_nothing_new = False
            texts, self._texts = self._texts, []
            kind, place = self._slot
            self._parts.write(out, kind, "".join(texts), key=place)

    def _open(self, item: Mapping[str, Any], index: object, out: list[Output]) -> None:
        if item.get("type") != "function_call":
            return
        self._flush(out)
        name, call = words(item.get("name")), words(item.get("call_id"))
        self._parts.write(
            out, TOOL_CALL, fragment(item.get("arguments")), key=f"{index}", name=name, call=call
        )
        self._kind = "tool_calls"

    def _finish(self, response: Mapping[str, Any], out: list[Output]) -> None:
        self._flush(out)
        _account(response, out)
        if response.get("status") == "incomplete":
            reason = words(mapping(response.get("incomplete_details")).get("reason"))
            self._reason = _REASONS.get(reason, reason[:40] or "length")
        else:
            self._reason = self._kind or "stop"

    def _fail(self, event: Mapping[str, Any], out: list[Output]) -> None:
        """An ``error`` has its fields in itself or one level below, the others in the response."""
        self._flush(out)
        self._response = ""
        if self._has_nothing_new:
            raise cursor_lost(self._service)
        response = mapping(event.get("response"))
        _account(response, out)
        error = mapping(response.get("error")) or mapping(event.get("error"))
        about = error or {name: event.get(name) for name in ("code", "message", "param")}
        raise reported(self._service, about, self._model)


def _account(response: Mapping[str, Any], out: list[Output]) -> None:
    if (usage := _usage(mapping(response.get("usage")))) is not None:
        out.append(UsageReported(usage))


def _usage(data: Mapping[str, Any]) -> Usage | None:
    """The provider's count, unless it cannot be one."""
    sent, received = count(data.get("input_tokens")), count(data.get("output_tokens"))
    if sent is None or received is None:
        return None
    return Usage(
        input_tokens=sent,
        output_tokens=received,
        cached_tokens=count(mapping(data.get("input_tokens_details")).get("cached_tokens")),
        reasoning_tokens=count(mapping(data.get("output_tokens_details")).get("reasoning_tokens")),
    )
