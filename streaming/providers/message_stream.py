"""Reading a stream of message events: Anthropic's wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..accounts import Usage
from ..parts import REASONING, TEXT, TOOL_CALL
from ..sse import Frame
from .base import Finished, Output, PartWriter, UsageReported
from .failures import Service, reported
from .payload import Malformed, count, mapping, parse, words
from .upstream import Reader

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}

#: The deltas that are shown: type -> the field that holds the text, and the part it goes into.
_DELTAS = {
    "text_delta": ("text", TEXT),
    "thinking_delta": ("thinking", REASONING),
    "input_json_delta": ("partial_json", TOOL_CALL),
}


class MessageReader(Reader):
    """The answer is whole when ``message_stop`` came, and not before."""

    def __init__(self, service: Service, model: str) -> None:
        self._service = service
        self._model = model
        self._writer = PartWriter()
        #: Neighbouring text of one slot, written as one delta per batch.
        self._slot = (TEXT, "")
        self._texts: list[str] = []
        self._usage: dict[str, Any] = {}
        self._reason = "stop"
        self._stopped = False

    def read(self, frames: Sequence[Frame], out: list[Output]) -> None:
        try:
            for frame in frames:
                self._event(parse(frame.data), out)
                if self._stopped:
                    break
        except (AttributeError, KeyError, TypeError) as error:
            raise Malformed("an event of other types") from error
        finally:
            self._flush(out)
        if self._stopped:
            self._writer.flush(out)
            out.append(Finished(self._reason))

    def _event(self, event: dict[str, Any], out: list[Output]) -> None:
        match event.get("type"):
            case "content_block_delta":
                delta = event["delta"]
                if (shown := _DELTAS.get(delta["type"])) is not None:
                    field, kind = shown
                    self._say(kind, delta[field], event["index"], out)
            case "content_block_start":
                self._open(event["content_block"], event["index"], out)
            case "message_start":
                self._account(event["message"].get("usage"))
            case "message_delta":
                reason = words(event["delta"].get("stop_reason"))
                self._reason = _REASONS.get(reason, reason[:40] or "stop")
                self._account(event.get("usage"))
                if (usage := _usage(self._usage)) is not None:
                    out.append(UsageReported(usage))
            case "message_stop":
                self._stopped = True
            case "error":
                raise reported(self._service, event.get("error"), self._model)

    def _open(self, block: dict[str, Any], index: int, out: list[Output]) -> None:
        match block["type"]:
            case "tool_use" | "server_tool_use":
                self._flush(out)
                name, call = words(block.get("name")), words(block.get("id"))
                self._writer.write(out, TOOL_CALL, "", key=str(index), name=name, call=call)
            case "text" if block.get("text"):
                self._say(TEXT, block["text"], index, out)
            case "thinking" if block.get("thinking"):
                self._say(REASONING, block["thinking"], index, out)

    def _say(self, kind: str, text: str, index: int, out: list[Output]) -> None:
        if type(text) is not str:
            raise Malformed("text of another type")
        slot = (kind, str(index) if kind == TOOL_CALL else "")
        if slot != self._slot:
            self._flush(out)
            self._slot = slot
        self._texts.append(text)

    def _flush(self, out: list[Output]) -> None:
        if self._texts:
            texts, self._texts = self._texts, []
            kind, key = self._slot
            self._writer.write(out, kind, "".join(texts), key=key)

    def _account(self, usage: Any) -> None:
        """Counts are cumulative. Before the closing event the output's is only a beginning."""
        self._usage.update((k, v) for k, v in mapping(usage).items() if v is not None)


def _usage(data: Mapping[str, Any]) -> Usage | None:
    """The provider's count, unless it cannot be one. What it read from its cache is input too."""
    sent, received = count(data.get("input_tokens")), count(data.get("output_tokens"))
    if sent is None or received is None:
        return None
    cached = count(data.get("cache_read_input_tokens"))
    written = count(data.get("cache_creation_input_tokens"))
    return Usage(
        input_tokens=sent + (cached or 0) + (written or 0),
        output_tokens=received,
        cached_tokens=cached,
        reasoning_tokens=count(mapping(data.get("output_tokens_details")).get("thinking_tokens")),
    )
