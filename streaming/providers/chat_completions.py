"""Reading a stream of chat completion chunks: OpenAI's wire and what is compatible with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..accounts import Usage
from ..parts import REASONING, REFUSAL, TEXT, TOOL_CALL
from ..sse import Frame
from .base import Finished, Output, PartWriter, UsageReported
from .failures import Service, reported
from .payload import Malformed, count, fragment, mapping, parse, words
from .upstream import Reader

_REASONS = {
    "end_turn": "stop",
    "eos": "stop",
    "function_call": "tool_calls",
    "max_tokens": "length",
    "safety": "content_filter",
}


class ChatReader(Reader):
    """The answer is whole once a finish reason came; usage and ``[DONE]`` may follow it."""

    def __init__(self, service: Service, model: str) -> None:
        self._service = service
        self._model = model
        self._writer = PartWriter()
        #: Neighbouring text of one kind, written as one delta per batch.
        self._kind = TEXT
        self._texts: list[str] = []
        self._reason = ""
        self._usage: Mapping[str, Any] = {}
        self._refused = False
        self._done = False
        #: A tool call's index -> the key of its part.
        self._tools: dict[object, str] = {}

    def read(self, frames: Sequence[Frame], out: list[Output]) -> None:
        try:
            for frame in frames:
                if frame.data == "[DONE]":
                    self._done = self.closing = True
                    break
                self._chunk(parse(frame.data), out)
        except (AttributeError, KeyError, TypeError) as error:
            raise Malformed("a chunk of other types") from error
        finally:
            self._flush(out)
        if self._done and self._reason:
            self.end(out)

    def end(self, out: list[Output]) -> None:
        if not self._reason:
            return
        self._writer.flush(out)
        if (usage := _usage(self._usage)) is not None:
            out.append(UsageReported(usage))
        refused = self._refused and self._reason == "stop"
        out.append(Finished("refusal" if refused else self._reason))

    def _chunk(self, chunk: dict[str, Any], out: list[Output]) -> None:
        if chunk.get("error"):
            raise reported(self._service, chunk["error"], self._model)
        if usage := chunk.get("usage"):
            self._usage = mapping(usage)
        for choice in chunk.get("choices") or ():
            if choice.get("index"):
                continue  # we ask for one
            if delta := choice.get("delta"):
                self._delta(delta, out)
            if reason := choice.get("finish_reason"):
                self._finish(reason)

    def _finish(self, reason: str) -> None:
        reason = words(reason.lower())
        if reason == "error":  # OpenRouter's, when it says no more than that
            raise reported(self._service, {}, self._model)
        self._reason = _REASONS.get(reason, reason[:40])
        self.closing = True

    def _delta(self, delta: dict[str, Any], out: list[Output]) -> None:
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            self._say(REASONING, reasoning, out)
        if content := delta.get("content"):
            if isinstance(content, str):
                self._say(TEXT, content, out)
            else:
                self._blocks(content, out)
        if refusal := delta.get("refusal"):
            self._refused = True
            self._say(REFUSAL, refusal, out)
        if calls := delta.get("tool_calls"):
            self._flush(out)
            for position, call in enumerate(calls):
                self._tool(position, call, out)

    def _say(self, kind: str, text: str, out: list[Output]) -> None:
        if type(text) is not str:
            raise Malformed("text of another type")
        if kind != self._kind:
            self._flush(out)
            self._kind = kind
        self._texts.append(text)

    def _flush(self, out: list[Output]) -> None:
        if self._texts:
            texts, self._texts = self._texts, []
            self._writer.write(out, self._kind, "".join(texts))

    def _blocks(self, blocks: list[dict[str, Any]], out: list[Output]) -> None:
        """Mistral's content: a list of ``{"type": "text" | "thinking", …}``."""
        for block in blocks:
            if block["type"] == "text":
                self._say(TEXT, block["text"], out)
            elif block["type"] == "thinking":
                for piece in block["thinking"]:
                    self._say(REASONING, piece["text"], out)

    def _tool(self, position: int, call: dict[str, Any], out: list[Output]) -> None:
        function = mapping(call.get("function"))
        index, id = call.get("index", position), words(call.get("id"))
        key = self._tools.get(index)
        # Gemini numbers all its calls 0: another id that brings a name is another call.
        if key is None or (id not in ("", key) and function.get("name")):
            key = self._tools[index] = id or str(index)
        self._writer.write(
            out,
            TOOL_CALL,
            fragment(function.get("arguments")),
            key=key,
            name=words(function.get("name")),
            call=id,
        )


def _usage(data: Mapping[str, Any]) -> Usage | None:
    """The provider's count, unless it cannot be one."""
    sent, received = count(data.get("prompt_tokens")), count(data.get("completion_tokens"))
    if sent is None or received is None:
        return None
    return Usage(
        input_tokens=sent,
        output_tokens=received,
        cached_tokens=count(mapping(data.get("prompt_tokens_details")).get("cached_tokens")),
        reasoning_tokens=count(
            mapping(data.get("completion_tokens_details")).get("reasoning_tokens")
        ),
    )
