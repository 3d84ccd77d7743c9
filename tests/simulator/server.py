"""The simulator's HTTP/1.1 server: the vendors' paths, and the record of what was called."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from .answers import Answer
from .anthropic_wire import AnthropicWire
from .background import Background
from .calls import REFUSED, Call, Calls
from .going_on import script_in
from .models import listed
from .openai_wire import OpenAIWire
from .refusals import PAGE, error_body, refused_field, unknown_response
from .request import Request, RequestReader, response
from .script import Script
from .transmission import Step, transmission

#: A path may begin with it and a quoted script: for calls that carry no text, as lists of models.
WITH = "/with/"
RESPONSE = re.compile(r"/responses(/(?P<id>[^/]+)(?P<cancel>/cancel)?)?$")

#: The first byte of a TLS connection, and what a server that speaks none of it says.
TLS_HANDSHAKE = b"\x16"
NO_TLS = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection, one request after the other."""

    transport: asyncio.Transport

    def __init__(
        self,
        calls: Calls,
        open_ones: set[Connection],
        background: Background | None = None,
        refuse: Callable[[float], None] | None = None,
    ) -> None:
        self._calls = calls
        self._refuse_all = refuse
        self._background = background or Background()
        self._open_ones = open_ones
        self._reader = RequestReader()
        self._answer: Answer | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        if data.startswith(TLS_HANDSHAKE):
            self.transport.write(NO_TLS)
            self.transport.close()
            return
        for request in self._reader.feed(data):
            self._serve(request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)
        if self._answer is not None:
            self._answer.lost()
        for task in self._tasks:
            task.cancel()

    @property
    def is_idle(self) -> bool:
        """Whether no answer is on its way."""
        return self._answer is None or self._answer.is_over

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
        if path.path == "/_refuse" and self._refuse_all is not None:
            self.transport.write(response(200, {}))
            self._refuse_all(float(parse_qs(path.query)["seconds"][0]))
            return
        script = None
        where = path.path
        if where.startswith(WITH):
            quoted, _, where = where.removeprefix(WITH).partition("/")
            script, where = Script.from_json(json.loads(unquote(quoted))), "/" + where
        kept = RESPONSE.search(where)
        wire = "anthropic" if "anthropic-version" in request.headers else "openai"
        body = json.loads(request.body) if request.body else dict(parse_qsl(path.query))
        call = self._calls.open(
            connection=self.transport.get_extra_info("peername")[1],
            wire="responses" if kept else wire,
            method=request.method,
            path=where,
            headers=request.public_headers(),
            auth=request.has_key(),
            body=body,
        )
        if where.endswith("/models"):
            self._models(call, script or Script())
        elif kept and kept["id"]:
            self._kept(call, kept["id"], cancel=bool(kept["cancel"]))
        else:
            self._complete(call, script, body)

    def _models(self, call: Call, script: Script) -> None:
        self._calls.tell_script(call, script.id)
        if script.fault and self._refuse(call, script):
            return
        self._reply(call, 200, listed(call.wire), "complete")

    def _complete(self, call: Call, given: Script | None, body: dict[str, Any]) -> None:
        found, said = script_in(body)
        origin = given or found
        if (script := self._next(call, origin)) is None:
            return
        if (problem := refused_field(call.wire, script, body)) is not None:
            self._reply(call, 400, problem, REFUSED)
            return
        if call.wire == "responses":
            stored = self._background.create(origin, script, call, said)
            self._send(stored.read(script, call, -1), script, call)
            return
        wires = {"openai": OpenAIWire, "anthropic": AnthropicWire}
        wire = wires[call.wire](script, body["model"], body, call.number)
        self._send(transmission(script, wire, call, said), script, call)

    def _kept(self, call: Call, id: str, *, cancel: bool) -> None:
        """A request about a response that is kept: its events, its state, its end."""
        stored = self._background.find(id)
        if stored is None:
            self._reply(call, 404, unknown_response(id), REFUSED)
        elif cancel or call.body.get("stream") != "true":
            self._calls.tell_script(call, stored.origin.id)
            if cancel:
                stored.cancel()
            self._reply(call, 200, stored.wire.response(stored.status()), "complete")
        elif (script := self._next(call, stored.origin)) is not None:
            after = int(call.body.get("starting_after", -1))
            self._send(stored.read(script, call, after), script, call)

    def _next(self, call: Call, script: Script) -> Script | None:
        """What this call is to do; ``None`` when that was to refuse it, which is done."""
        self._calls.tell_script(call, script.id)
        script = script.for_call(self._calls.run(script.id or script.json()))
        return None if script.fault and self._refuse(call, script) else script

    def _send(self, plan: Iterator[Step], script: Script, call: Call) -> None:
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
            self._background.clear()
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


class Server:
    """A listening simulator on the running loop."""

    def __init__(self) -> None:
        self._calls = Calls()
        self._background = Background()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server
        self._again: asyncio.Future[None] | None = None

    @classmethod
    async def start(cls, port: int = 0) -> Server:
        """Listens on the loopback; port 0 takes a free one."""
        server = cls()
        await server._listen(port)
        return server

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, "127.0.0.1", port, backlog=2048
        )
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def forever(self) -> None:
        await asyncio.get_running_loop().create_future()

    def refuse(self, seconds: float) -> None:
        """New connections are refused for so long, and those that idle are closed."""
        self._server.close()
        for connection in [one for one in self._connections if one.is_idle]:
            connection.transport.close()
        self._again = asyncio.ensure_future(self._listen_after(seconds))

    async def _listen_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen(self.port)

    async def close(self) -> None:
        if self._again is not None:
            self._again.cancel()
        self._server.close()
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # aborting takes effect on the loop's next round

    def _connection(self) -> Connection:
        return Connection(self._calls, self._connections, self._background, self.refuse)
