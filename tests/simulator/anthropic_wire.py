"""Messages, streaming, as Anthropic sends them."""

from __future__ import annotations

from typing import Any

from .wires import Wire, compact, quoted

_TYPES = {
    "text": (b'"text_delta","text":', {"type": "text", "text": ""}),
    "reasoning": (
        b'"thinking_delta","thinking":',
        {"type": "thinking", "thinking": "", "signature": ""},
    ),
    # This wire has no field for it: it is text, and the stop reason says so.
    "refusal": (b'"text_delta","text":', {"type": "text", "text": ""}),
}


class AnthropicWire(Wire):
    name = "anthropic"

    def head(self) -> bytes:
        self._index = -1
        self._kind = ""
        self._prefix = b""
        message: dict[str, Any] = {
            "id": f"msg_{self.number:08}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }
        if self.script.usage != "missing":
            message["usage"] = self._usage(1)
        return self._event("message_start", message=message) + self.ping()

    def _event(self, type: str, **fields: Any) -> bytes:
        data = compact({"type": type, **fields})
        return b"event: " + type.encode() + b"\ndata: " + data + b"\n\n"

    def _block(self, kind: str, content: dict[str, Any]) -> bytes:
        before = self._close()
        self._kind = kind
        self._index += 1
        return before + self._event("content_block_start", index=self._index, content_block=content)

    def _close(self) -> bytes:
        if not self._kind:
            return b""
        frames = b""
        if self._kind == "reasoning":
            signature = {"type": "signature_delta", "signature": "c2lnbmVk" * 20}
            frames = self._event("content_block_delta", index=self._index, delta=signature)
        return frames + self._event("content_block_stop", index=self._index)

    def token(self, kind: str, text: str) -> bytes:
        self.sent += 1
        before = b""
        if kind != self._kind:
            type, content = _TYPES[kind]
            before = self._block(kind, content)
            self._prefix = (
                b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
                b'"delta":{"type":%s' % (self._index, type)
            )
        return before + self._prefix + quoted(text) + b"}}\n\n"

    def tool(self, index: int, id: str, name: str, arguments: str) -> list[bytes]:
        middle = len(arguments) // 2
        content = {"type": "tool_use", "id": id, "name": name, "input": {}}
        self.sent += 3
        pieces = [self._block(f"tool {index}", content)]
        for piece in (arguments[:middle], arguments[middle:]):
            delta = {"type": "input_json_delta", "partial_json": piece}
            pieces.append(self._event("content_block_delta", index=self._index, delta=delta))
        return pieces

    def finish(self) -> bytes:
        reason = self.script.finish or ("tool_use" if self.script.tools else "end_turn")
        if self.script.refusal and not self.script.finish:
            reason = "refusal"
        end: dict[str, Any] = {"delta": {"stop_reason": reason, "stop_sequence": None}}
        if self.script.usage != "missing":
            end["usage"] = self._usage(self.sent)
        frames = self._close() + self._event("message_delta", **end)
        self._kind = ""
        return frames

    def stop(self) -> bytes:
        return self._event("message_stop")

    def _usage(self, output_tokens: int) -> dict[str, Any]:
        if self.script.usage == "absurd":
            return {"input_tokens": "NaN", "output_tokens": -1, "cache_read_input_tokens": [0]}
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": 2,
            "cache_read_input_tokens": 3,
            "output_tokens": output_tokens,
        }

    def ping(self) -> bytes:
        return b'event: ping\ndata: {"type": "ping"}\n\n'

    def error(self, code: str, message: str) -> bytes:
        return self._event("error", error={"type": code, "message": message})

    def unknown(self) -> bytes:
        citation = {"type": "citations_delta", "citation": {"type": "x", "cited_text": "y"}}
        return (
            self._event("mood_changed", mood="good")
            + b"retry: 7\nfield-of-tomorrow: 1\n: a comment\n\n"
            + (
                self._event("content_block_delta", index=self._index, delta=citation)
                if self._kind
                else b""
            )
        )

    def malformed(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type":"content_block_del\n\n'

    def not_an_object(self) -> bytes:
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            b'"delta":{"type":"text_delta","text":{"text":5}}}\n\n'
        )
