"""Runs made by hand: a sound one, and what it takes to spoil it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.simulator import Script

from .evidence import Row, Run, Stored, Upstream, parts_of
from .histories import History, Lost, Moment, Opened, Taken

MESSAGE = "01a1f966-3f79-70a2-8cbe-6553f1009472"
PREFIX = "6553f1009472"
LIFE = "web1#1"
SCRIPT = Script(id="by hand", tokens=4, seed=1)
USAGE = {"input_tokens": 9, "output_tokens": 4, "exact": True}


def row(seq: int, name: str, *, epoch: int = 1, **data: Any) -> Row:
    return Row(seq, epoch, name, json.dumps(data))


def rows() -> list[Row]:
    """A log of the whole answer."""
    said = SCRIPT.text_tokens()
    return [
        row(1, "started", message_id=MESSAGE, attempt=1),
        row(2, "part", index=0, type="text"),
        *(row(seq, "delta", index=0, text=text) for seq, text in enumerate(said, 3)),
        row(7, "done", finish_reason="stop", usage=USAGE, timings={}),
    ]


def stored(log: Sequence[Row], **fields: Any) -> Stored:
    about: dict[str, Any] = {
        "message_id": MESSAGE,
        "state": log[-1].name,
        "epoch": 1,
        "attempt": 1,
        "losses": 0,
        "last_seq": log[-1].seq,
        "stop_receipt": "",
        "usage": USAGE,
        "ended_at": 10.0,
        "rows": log,
        "parts": parts_of(log),
    }
    return Stored(**(about | fields))


def taken(entry: Row, at: float = 9.0, life: str = LIFE) -> Taken:
    return Taken(at, life, entry.name, f"{PREFIX}-{entry.seq}", entry.data)


def reader(*moments: Moment, client: str = "asker 0") -> History:
    opened = Opened(1.0, LIFE, None, 200, healthy=True)
    return History(client, message_id=MESSAGE, moments=[opened, *moments])


def run(*histories: History, log: Sequence[Row] | None = None, **fields: Any) -> Run:
    """A sound run, but for what is said here."""
    log = rows() if log is None else log
    watched = histories or (reader(*map(taken, log), Lost(10.0, LIFE, "")),)
    whole = Run(
        name="by hand",
        script=SCRIPT,
        histories=list(watched),
        stored=stored(log),
        answers=[MESSAGE],
        calls=[Upstream(1.0, 9.0, "complete", 4)],
        closed=20.0,
    )
    return replace(whole, **fields)
