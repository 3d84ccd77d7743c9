"""A crowd: followers who all come back within one second, as after the restart of a proxy."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streaming.sse import Decoder
from tests.api.sites import MODELS
from tests.simulator import Script

from .chaos import FAIR
from .clients import Question
from .connection import request
from .deployment import Deployment
from .histories import TERMINAL

WITHIN_S = 1.0
#: How long one of them waits on a busy machine.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Return:
    """How it went: seconds from connecting to the first event, queries made for all of them."""

    times: list[float]
    queries: int
    #: Whether each got exactly the rest of the answer.
    is_exact: bool


async def come_back(deployment: Deployment, script: Script, count: int) -> Return:
    """So many, each with a cursor from the middle of one answer. ``plant="queries"`` counts."""
    question = await _asked(deployment, script)
    await deployment.simulator.await_for("complete", script=script.id, timeout=30)
    _, last, _ = await _follow(question, "", 0.0)
    prefix, _, seq = last.rpartition("-")
    after = f"{prefix}-{int(seq) // 2}"
    _, _, rest = await _follow(question, after, 0.0)
    before = _queries(deployment)
    with many_files(4 * count):
        came = await asyncio.gather(
            *(_follow(question, after, WITHIN_S * n / count) for n in range(count))
        )
    exact = {(cursor, text) for _, cursor, text in came} == {(last, rest)}
    return Return([first for first, _, _ in came], _queries(deployment) - before, exact)


async def _asked(deployment: Deployment, script: Script) -> Question:
    web, token = deployment.webs[0], deployment.tokens[0]
    body = {"model": MODELS[0]}
    made = await request(await web.connect(FAIR), "POST", "/api/v1/conversations", token, body)
    conversation = (await made.body())["id"]
    made.close()
    question = Question(script.id, script, token, conversation, [web], script.id)
    path, text = f"/api/v1/conversations/{conversation}/messages", {"text": f"hi {script}"}
    asked = await request(
        await web.connect(FAIR), "POST", path, token, text, Prefer="respond-async"
    )
    question.message_id.set_result(asked.headers["x-message-id"])
    asked.close()
    return question


async def _follow(question: Question, after: str, delay: float) -> tuple[float, str, str]:
    """Seconds to the first event, the last cursor, and the data of all deltas."""
    await asyncio.sleep(delay)
    began, first, cursor, said = time.monotonic(), 0.0, after, ""
    decoder, token = Decoder(), question.token
    path = f"/api/v1/messages/{await question.message_id}/events?after={after}"
    response = await request(
        await question.doors[0].connect(FAIR),
        *("GET", path, token),
        silence_s=PATIENCE_S,
        Accept="text/event-stream",
    )
    async for piece in response.pieces(silence_s=PATIENCE_S):
        for frame in decoder.feed(piece):
            first = first or time.monotonic() - began
            cursor = frame.id
            said += frame.data if frame.event == "delta" else ""
            if frame.event in TERMINAL:
                response.close()
                return first, cursor, said
    response.close()
    return first, cursor, said


def _queries(deployment: Deployment) -> int:
    """How many queries the server has made for requests so far."""
    counter = deployment.directory / "queries"
    return counter.stat().st_size if counter.exists() else 0


@contextmanager
def many_files(wanted: int) -> Iterator[None]:
    """Every follower costs a descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
