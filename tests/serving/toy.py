"""An ASGI application that does what a path says, and reports what it saw."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import json
import os
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil

from streaming.shutdown import Shutdown

MIB = 1024 * 1024
BIG = 40 * MIB
CHUNK = b"0123456789abcdef" * 4096

shutdown = Shutdown()
seen: Counter[str] = Counter()
inherited: contextvars.ContextVar[str] = contextvars.ContextVar("inherited", default="nothing")


async def start(send: Any, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def body(send: Any, data: bytes, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def reply(send: Any, value: object) -> None:
    data = json.dumps(value).encode()
    await start(send, 200, (b"Content-Length", b"%d" % len(data)))
    await body(send, data)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await reply(send, "hello")


async def report(scope: Any, receive: Any, send: Any) -> None:
    process = psutil.Process(os.getpid())
    rss, threads = process.memory_info().rss, threading.active_count()
    await reply(send, {**seen, "rss": rss, "threads": threads, "draining": shutdown.draining})


async def sockets(scope: Any, receive: Any, send: Any) -> None:
    """What the kernel was asked for on this very connection."""
    sock = send.args[0].transport.getHandle()
    names = ("TCP_NODELAY", "TCP_NOTSENT_LOWAT", "TCP_USER_TIMEOUT")
    options = {n: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, n)) for n in names}
    await reply(send, options)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """The size and the hash of what was sent, and how the application was reached."""
    size, digest, more = 0, hashlib.sha256(), True
    while more:
        message = await receive()
        more = message["more_body"]
        size += len(message["body"])
        digest.update(message["body"])
    seen["echoed"] += 1
    await reply(send, {"size": size, "sha256": digest.hexdigest(), "root": scope["root_path"]})


async def big(scope: Any, receive: Any, send: Any) -> None:
    """40 MiB, as fast as the reader takes it."""
    await start(send)
    seen["big"] += 1

    async def write() -> None:
        for _ in range(BIG // len(CHUNK)):
            await body(send, CHUNK, more=True)
        await body(send, b"")

    await _until_disconnect(receive, write())


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """Events until the server is about to close."""
    await start(send, 200, (b"Content-Type", b"text/event-stream"))
    ending = asyncio.Event()
    unwatch = shutdown.watch(ending.set)

    async def write() -> None:
        while not ending.is_set():
            await body(send, b"data: more\n\n", more=True)
            try:
                await asyncio.wait_for(ending.wait(), 0.05)
            except TimeoutError:
                continue
        await body(send, b'event: reconnect\ndata: {"retry_in_ms": 100}\n\n', more=True)
        await body(send, b"")

    await _until_disconnect(receive, write())
    unwatch()


async def stuck(scope: Any, receive: Any, send: Any) -> None:
    """Never ends by itself."""
    await start(send)
    await body(send, b"begun", more=True)
    seen["stuck"] += 1
    await asyncio.Event().wait()


async def _until_disconnect(receive: Any, writing: Any) -> None:
    writer = asyncio.ensure_future(writing)

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if not writer.done():
            seen["disconnects"] += 1
            writer.cancel()

    listener = asyncio.create_task(listen())
    try:
        await asyncio.wait({writer})
    finally:
        writer.cancel()
        listener.cancel()


async def missing(scope: Any, receive: Any, send: Any) -> None:
    await start(send, 404)
    await body(send, b"")


async def fail(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("meant to fail")


async def fail_late(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await body(send, b"half", more=True)
    raise RuntimeError("meant to fail late")


async def leave(scope: Any, receive: Any, send: Any) -> None:
    return


async def context(scope: Any, receive: Any, send: Any) -> None:
    before = inherited.get()
    inherited.set(scope["query_string"].decode())
    await reply(send, before)


async def chatter(scope: Any, receive: Any, send: Any) -> None:
    """A WebSocket that talks without end."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        await send({"type": "websocket.send", "bytes": CHUNK})
        seen["said"] += 1


ROUTES = {
    "/hello": hello, "/report": report, "/echo": echo, "/big": big, "/stream": stream,
    "/stuck": stuck, "/fail": fail, "/fail-late": fail_late, "/leave": leave,
    "/context": context, "/sockets": sockets, "/chatter": chatter,
}  # fmt: skip


async def app(scope: Any, receive: Any, send: Any) -> None:
    seen["requests"] += 1
    await ROUTES.get(scope["path"], missing)(scope, receive, send)


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    print("entered", flush=True)
    yield
    await asyncio.sleep(0.05)
    print("flushed", flush=True)


@asynccontextmanager
async def failing() -> AsyncIterator[None]:
    if LIVES:
        raise RuntimeError("meant not to start")
    yield


@asynccontextmanager
async def hanging() -> AsyncIterator[None]:
    yield
    await asyncio.Event().wait()


@asynccontextmanager
async def slow() -> AsyncIterator[None]:
    print("entered", flush=True)
    await asyncio.Event().wait()
    yield


LIVES = {"running": running, "failing": failing, "hanging": hanging, "slow": slow}
