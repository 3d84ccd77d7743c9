"""The simulator's HTTP/1.1 server: both vendors' paths, and the record of what was called."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .answers import Answer
from .anthropic_wire import AnthropicWire
from .calls import REFUSED, Call, Calls
from .openai_wire import OpenAIWire
from .refusals import PAGE, error_body, refused_field
from .request import Request, RequestReader, response
from .script import Script
from .transmission import transmission

#: A path may begin with it and a quoted script: for calls that carry no text, as lists of models.
WITH = "/with/"

OPENAI_MODELS = ("sim-one", "sim-two", "text-embedding-3-small", "whisper-1", "dall-e-3", "tts-1")
ANTHROPIC_MODELS = ("claude-sim-1", "claude-haiku-4-5", "claude-retired-1")


class Connection(asyncio.Protocol):
    """One connection, one request after the other."""

    transport: asyncio.Transport

    def __init__(self, calls: Calls, open_ones: set[Connection]) -> None:
        self._calls = calls
        self._open_ones = open_ones
        self._reader = RequestReader()
        self._answer: Answer | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        for request in self._reader.feed(data):
            self._serve(request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)
        if self._answer is not None:
            self._answer.lost()
        for task in self._tasks:
            task.cancel()

    def pause_writing(self) -> None:
        if self._answer is not None:
            self._answer.pause()

    def resume_writing(self) -> None:
        if self._answer is not None:
            self._answer.resume()

    def _serve(self, request: Request) -> None:
        path = urlsplit(request.target)
        if path.path.startswith("/_calls"):
            self._serve_calls(request.method, path.path, parse_qs(path.query))
            return
        script = None
        where = path.path
        if where.startswith(WITH):
            quoted, _, where = where.removeprefix(WITH).partition("/")
            script, where = Script.from_json(json.loads(unquote(quoted))), "/" + where
        wire = "anthropic" if "anthropic-version" in request.headers else "openai"
        body = json.loads(request.body) if request.body else {}
        call = self._calls.open(
            connection=self.transport.get_extra_info("peername")[1],
            wire=wire,
            method=request.method,
            path=where,
            headers=request.public_headers(),
            auth=request.has_key(),
            body=body,
        )
        if where.endswith("/models"):
            self._models(call, script or Script())
        else:
            self._complete(call, script, body)

    def _models(self, call: Call, script: Script) -> None:
        self._calls.tell_script(call, script.id)
        if script.fault and self._refuse(call, script):
            return
        if call.wire == "anthropic":
            data = [_anthropic_model(name) for name in ANTHROPIC_MODELS]
            listed: dict[str, Any] = {"data": data, "has_more": False, "first_id": data[0]["id"]}
        else:
            listed = {
                "object": "list",
                "data": [
                    {"id": name, "object": "model", "created": 1, "owned_by": "simulator"}
                    for name in OPENAI_MODELS
                ],
            }
        self._reply(call, 200, listed, "complete")

    def _complete(self, call: Call, given: Script | None, body: dict[str, Any]) -> None:
        found, said = _script_of(body)
        script = given or found
        self._calls.tell_script(call, script.id)
        run = self._calls.run(script.id or script.json())
        if script.times and run >= script.times:
            script = dataclasses.replace(script, fault="")
        if script.fault and self._refuse(call, script):
            return
        if (problem := refused_field(call.wire, script, body)) is not None:
            self._reply(call, 400, problem, REFUSED)
            return
        wires = {"openai": OpenAIWire, "anthropic": AnthropicWire}
        wire = wires[call.wire](script, body["model"], body, call.number)
        plan = transmission(script, wire, call, said)
        self._answer = Answer(self.transport, plan, script, call, self._calls)
        self._answer.start()

    def _refuse(self, call: Call, script: Script) -> bool:
        """Whether the script's fault was an answer that is no stream."""
        match script.fault:
            case "status":
                more = {"retry-after": script.retry_after} if script.retry_after is not None else {}
                body = error_body(call.wire, script)
                self._reply(call, script.status, body, REFUSED, more)
            case "redirect":
                self._reply(call, 307, {}, REFUSED, {"location": script.to})
            case "html" | "page":
                status = 200 if script.fault == "page" else script.status or 502
                self._reply(call, status, PAGE, REFUSED)
            case "drop":
                self._calls.end(call, "cut")
                self.transport.close()
            case _:
                return False
        return True

    def _reply(
        self,
        call: Call,
        status: int,
        body: Any,
        state: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.transport.write(response(status, body, headers))
        self._calls.end(call, state)

    def _serve_calls(self, method: str, path: str, query: dict[str, list[str]]) -> None:
        if method == "DELETE":
            self._calls.clear()
            self.transport.write(response(200, {}))
        elif path.endswith("/wait"):
            task = asyncio.ensure_future(self._wait(query))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            calls = self._calls.matching(_one(query, "state"), _one(query, "script"))
            self.transport.write(response(200, [call.as_json() for call in calls]))

    async def _wait(self, query: dict[str, list[str]]) -> None:
        state, script = _one(query, "state"), _one(query, "script")
        count, timeout = int(_one(query, "count", "1")), float(_one(query, "timeout", "5"))
        try:
            calls = await self._calls.wait(state, script, count, timeout)
            self.transport.write(response(200, [call.as_json() for call in calls]))
        except TimeoutError:
            calls = self._calls.matching()
            self.transport.write(response(408, [call.as_json() for call in calls]))


def _one(query: dict[str, list[str]], name: str, default: str = "") -> str:
    return query.get(name, [default])[0]


def _script_of(body: dict[str, Any]) -> tuple[Script, str]:
    """The newest script in the request, and what the answer to it already says."""
    said = ""
    for message in reversed(body["messages"]):
        content = message["content"]
        text = content if isinstance(content, str) else "".join(part["text"] for part in content)
        if message["role"] == "assistant":
            said = said or text
        elif message["role"] == "user" and (script := Script.find(text)) is not None:
            return script, said
    return Script.find(body["model"]) or Script(), ""


def _anthropic_model(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "retired" if "retired" in name else "active",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {
            "image_input": {"supported": True},
            "thinking": {"supported": True, "types": {"adaptive": {"supported": True}}},
            "effort": {"supported": False},
        },
    }


class Server:
    """A listening simulator on the running loop."""

    def __init__(self) -> None:
        self._calls = Calls()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server

    @classmethod
    async def start(cls, port: int = 0) -> Server:
        """Listens on the loopback; port 0 takes a free one."""
        server = cls()
        server._server = await asyncio.get_running_loop().create_server(
            server._connection, "127.0.0.1", port, backlog=2048
        )
        return server

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def forever(self) -> None:
        await self._server.serve_forever()

    async def close(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # aborting takes effect on the loop's next round

    def _connection(self) -> Connection:
        return Connection(self._calls, self._connections)
