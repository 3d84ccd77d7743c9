"""Responses, streaming, as OpenAI sends them: every event has a number."""

from __future__ import annotations

from typing import Any

from .wires import Wire, compact, quoted

#: What is said -> the type of its item, its delta's name, what numbers it within the item.
_KINDS = {
    "text": ("message", b"response.output_text.delta", "content_index"),
    "refusal": ("message", b"response.refusal.delta", "content_index"),
    "reasoning": ("reasoning", b"response.reasoning_summary_text.delta", "summary_index"),
}
_DONE = {
    "text": "response.output_text.done",
    "refusal": "response.refusal.done",
    "reasoning": "response.reasoning_summary_text.done",
}
#: The ordinary ends and those that are told as details of an incomplete response.
_INCOMPLETE = {"max_output_tokens", "content_filter", "max_messages"}
#: Text that is told again when it is complete, in characters; longer ones only say so.
RETOLD = 100_000


class ResponsesWire(Wire):
    name = "responses"

    def head(self) -> bytes:
        self._number = 0
        self._item = self._part = -1
        self._type = self._kind = ""
        self._said: list[str] = []
        return b"".join(
            self._event(type, response=self.response(status))
            for type, status in (
                ("response.created", "queued"),
                ("response.queued", "queued"),
                ("response.in_progress", "in_progress"),
            )
        )

    @property
    def id(self) -> str:
        return f"resp_{self.number:08}"

    def response(self, status: str, **more: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": 1_790_000_000,
            "status": status,
            "background": bool(self.body.get("background")),
            "model": self.model,
            "error": None,
            "incomplete_details": None,
            "output": [],
            "usage": None,
            **more,
        }

    def _event(self, type: str, **fields: Any) -> bytes:
        data = compact({"type": type, **fields})[:-1]
        return self._numbered(type.encode(), data)

    def _numbered(self, type: bytes, data: bytes) -> bytes:
        number, self._number = self._number, self._number + 1
        return b'event: %b\ndata: %b,"sequence_number":%d}\n\n' % (type, data, number)

    def token(self, kind: str, text: str) -> bytes:
        self.sent += 1
        before = b""
        item, type, within = _KINDS[kind]
        if kind != self._kind:
            before = self._open(kind, item)
            place = f'"output_index":{self._item},"item_id":"i{self._item}","{within}":{self._part}'
            self._prefix = b'{"type":"%b",%b,"logprobs":[],"delta":' % (type, place.encode())
        self._said.append(text)
        return before + self._numbered(type, self._prefix + quoted(text))

    def _open(self, kind: str, item: str) -> bytes:
        frames = self._close_part()
        if item != self._type:
            frames += self._close_item() + self._add({"type": item})
        self._type, self._kind = item, kind
        self._part += 1
        return frames

    def _add(self, item: dict[str, Any]) -> bytes:
        self._item += 1
        self._part = -1
        about = {"id": f"i{self._item}", "status": "in_progress", **item}
        return self._event("response.output_item.added", output_index=self._item, item=about)

    def _close_part(self) -> bytes:
        if not self._kind:
            return b""
        text, self._said = "".join(self._said), []
        field = {"refusal": text} if self._kind == "refusal" else {"text": text[:RETOLD]}
        type, self._kind = _DONE[self._kind], ""
        return self._event(type, output_index=self._item, item_id=f"i{self._item}", **field)

    def _close_item(self) -> bytes:
        if not self._type:
            return b""
        type, self._type = self._type, ""
        item = {"id": f"i{self._item}", "type": type, "status": "completed"}
        return self._event("response.output_item.done", output_index=self._item, item=item)

    def tool(self, index: int, id: str, name: str, arguments: str) -> list[bytes]:
        middle = len(arguments) // 2
        self.sent += 3
        item = {"type": "function_call", "call_id": id, "name": name, "arguments": ""}
        pieces = [self._close_part() + self._close_item() + self._add(item)]
        self._type = "function_call"
        for piece in (arguments[:middle], arguments[middle:]):
            type = "response.function_call_arguments.delta"
            pieces.append(
                self._event(type, output_index=self._item, item_id=f"i{self._item}", delta=piece)
            )
        return pieces

    def finish(self) -> bytes:
        return self._close_part() + self._close_item()

    def stop(self) -> bytes:
        reason = self.script.finish
        usage = {} if self.script.usage == "missing" else {"usage": self._usage()}
        if reason in _INCOMPLETE:
            about = {"incomplete_details": {"reason": reason}, **usage}
            return self._event("response.incomplete", response=self.response("incomplete", **about))
        return self._event("response.completed", response=self.response("completed", **usage))

    def cancelled(self) -> bytes:
        return self._event("response.cancelled", response=self.response("cancelled"))

    def _usage(self) -> dict[str, Any]:
        if self.script.usage == "absurd":
            return {"input_tokens": -5, "output_tokens": "many", "input_tokens_details": [1]}
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.sent,
            "total_tokens": self.input_tokens + self.sent,
            "input_tokens_details": {"cached_tokens": 3},
            "output_tokens_details": {"reasoning_tokens": self.script.reasoning},
        }

    def ping(self) -> bytes:
        return b": keepalive\n\n"

    def error(self, code: str, message: str) -> bytes:
        about = {"code": code, "message": message, "param": None}
        failed = self.response("failed", error={"code": code, "message": message})
        return self._event("error", **about) + self._event("response.failed", response=failed)

    def unknown(self) -> bytes:
        return self._event("response.mood.changed", mood="good").replace(
            b"\ndata: ", b"\nretry: 7\nfield-of-tomorrow: 1\n: a comment\ndata: ", 1
        )

    def malformed(self) -> bytes:
        return b'event: response.output_text.delta\ndata: {"type":"response.output_te\n\n'

    def not_an_object(self) -> bytes:
        return (
            b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
            b'"output_index":0,"content_index":0,"delta":{"text":5}}\n\n'
        )
