"""Chat completions, streaming, as OpenAI sends them."""

from __future__ import annotations

from typing import Any

from .wires import Wire, compact, quoted


class OpenAIWire(Wire):
    name = "openai"

    def head(self) -> bytes:
        about = {
            "id": f"chatcmpl-{self.number:08}",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        }
        self._open = b"data: " + compact(about)[:-1]
        self._wants_usage = bool((self.body.get("stream_options") or {}).get("include_usage"))
        self._close = b'},"logprobs":null,"finish_reason":null}]' + self._usage_field() + b"}\n\n"
        self._fields = {
            "text": b"content",
            "reasoning": self.script.reasoning_field.encode(),
            "refusal": b"refusal",
        }
        self._kind = ""
        self._prefix = b""
        return self._delta(b'"role":"assistant","content":"","refusal":null')

    def _delta(self, inside: bytes) -> bytes:
        return self._open + b',"choices":[{"index":0,"delta":{' + inside + self._close

    def token(self, kind: str, text: str) -> bytes:
        self.sent += 1
        if kind != self._kind:
            field = self._fields[kind]
            self._kind = kind
            self._prefix = self._open + b',"choices":[{"index":0,"delta":{"' + field + b'":'
        if self.script.usage == "every":
            self._close = (
                b'},"logprobs":null,"finish_reason":null}]' + self._usage_field() + b"}\n\n"
            )
        return self._prefix + quoted(text) + self._close

    def tool(self, index: int, id: str, name: str, arguments: str) -> list[bytes]:
        middle = len(arguments) // 2
        pieces: list[dict[str, Any]] = [
            {
                "index": index,
                "id": id,
                "type": "function",
                "function": {"name": name, "arguments": ""},
            },
            {"index": index, "function": {"arguments": arguments[:middle]}},
            {"index": index, "function": {"arguments": arguments[middle:]}},
        ]
        self.sent += 3
        return [self._delta(b'"tool_calls":' + compact([piece])) for piece in pieces]

    def finish(self) -> bytes:
        reason = self.script.finish or ("tool_calls" if self.script.tools else "stop")
        frame = (
            self._open
            + b',"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":'
            + quoted(reason)
            + b"}]"
            + self._usage_field()
            + b"}\n\n"
        )
        if self._wants_usage and self.script.usage != "missing":
            frame += self._open + b',"choices":[],"usage":' + compact(self._usage()) + b"}\n\n"
        return frame

    def stop(self) -> bytes:
        return b"data: [DONE]\n\n"

    def _usage_field(self) -> bytes:
        if self.script.usage == "every":
            return b',"usage":' + compact(self._usage())
        return b',"usage":null' if self._wants_usage else b""

    def _usage(self) -> dict[str, Any]:
        if self.script.usage == "absurd":
            return {
                "prompt_tokens": -5,
                "completion_tokens": "many",
                "total_tokens": 10**30,
                "prompt_tokens_details": [1],
                "completion_tokens_details": {"reasoning_tokens": None},
            }
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.sent,
            "total_tokens": self.input_tokens + self.sent,
            "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.script.reasoning},
        }

    def ping(self) -> bytes:
        return b": OPENROUTER PROCESSING\n\n"

    def error(self, code: str, message: str) -> bytes:
        error = {"message": message, "type": code, "param": None, "code": None}
        return b"data: " + compact({"error": error}) + b"\n\n"

    def unknown(self) -> bytes:
        return (
            b'event: thinking.started\ndata: {"type":"thinking.started"}\n\n'
            + b"retry: 7\nfield-of-tomorrow: 1\n: a comment\n\n"
            + self._delta(b'"mood":"good","audio":{"id":"a"},"content":null')
            + self._open
            + b',"choices":[{"index":1,"delta":{"content":"another choice"}}]}\n\n'
        )

    def malformed(self) -> bytes:
        return self._open + b',"choices":[{"index":0,"del\n\n'

    def not_an_object(self) -> bytes:
        return b'data: {"choices":[{"index":0,"delta":{"content":{"text":5}}}]}\n\n'
