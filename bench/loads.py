"""The loads, and the figures that each of them gives. Milliseconds, KiB, tokens per CPU second."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.simulator import Script

from .client import Answer, Broken, Crowd, read
from .subjects import Subject

Figures = dict[str, float]

#: The provider thinks so long (s) before its first token; it is not the subject's fault.
THINKS = 0.3


@dataclass(frozen=True)
class Scale:
    """How much of each load one round takes."""

    singles: int
    streams: int
    tokens: int
    full_streams: int
    full_tokens: int
    held: int
    held_seconds: float


FULL = Scale(
    singles=20,
    streams=200,
    tokens=500,
    full_streams=16,
    full_tokens=8000,
    held=500,
    held_seconds=10,
)
QUICK = Scale(
    singles=4,
    streams=200,
    tokens=200,
    full_streams=16,
    full_tokens=1500,
    held=500,
    held_seconds=4,
)


def single(subject: Subject, scale: Scale) -> Figures:
    """One stream at a time, 50 tokens/s."""
    script = Script(stamp=True, tokens=25, tps=50, first_after=THINKS)
    requests = _warm(subject, scale.singles, script)
    answers = [
        answer for request in requests for answer in _together(subject, [request], script, over=0.0)
    ]
    return _first_token(answers) | _lag(answers)


def many(subject: Subject, scale: Scale) -> Figures:
    """200 streams of 50 tokens/s, begun evenly until the first of them ends."""
    script = Script(stamp=True, tokens=scale.tokens, tps=50, first_after=THINKS)
    requests = _warm(subject, scale.streams, script)
    before = subject.cpu_seconds()
    answers = _together(subject, requests, script, over=scale.tokens / 50)
    return _first_token(answers) | _lag(answers) | _rate(subject, before, answers)


def full(subject: Subject, scale: Scale) -> Figures:
    """A few streams as fast as they go."""
    script = Script(stamp=True, tokens=scale.full_tokens)
    requests = _warm(subject, scale.full_streams, script)
    before = subject.cpu_seconds()
    answers = _together(subject, requests, script, over=0.0)
    return _rate(subject, before, answers)


def held(subject: Subject, scale: Scale) -> Figures:
    """500 streams held open at 5 tokens/s: what each of them keeps in memory."""
    tps, opening = 5, 0.4 * scale.held_seconds
    script = Script(stamp=True, tokens=int(tps * scale.held_seconds), tps=tps, first_after=THINKS)
    requests = _warm(subject, scale.held, script)
    before = subject.resident_kib()
    crowd = Crowd(subject.port, requests, opening)
    crowd.read(2 * opening)  # all are open, none is over
    during = subject.resident_kib()
    crowd.read()
    _whole(crowd.answers, script)
    return {
        "resident_mib": before / 1024,
        "kib_per_stream": (during - before) / len(requests),
    }


def _warm(subject: Subject, count: int, script: Script) -> list[bytes]:
    """The requests of a load, made after a few answers that nobody measures."""
    small = Script(stamp=True, tokens=5)
    _together(subject, subject.requests(10, small), small, over=0.1)
    return subject.requests(count, script)


def _together(
    subject: Subject, requests: Sequence[bytes], script: Script, over: float
) -> list[Answer]:
    return _whole(read(subject.port, requests, over), script)


def _whole(answers: list[Answer], script: Script) -> list[Answer]:
    for answer in answers:
        if len(answer.lags) != script.tokens:
            raise Broken(f"{len(answer.lags)} of {script.tokens} tokens arrived")
    return answers


def _first_token(answers: list[Answer]) -> Figures:
    """From the client's connect to its first token, less what the provider thought."""
    added = [(answer.first_token - answer.asked) / 1e6 - THINKS * 1e3 for answer in answers]
    return {"first_token_p50": statistics.median(added), "first_token_p99": _p99(added)}


def _lag(answers: list[Answer]) -> Figures:
    """From the provider's send to the client's receive, of every token."""
    lags = [lag / 1e6 for answer in answers for lag in answer.lags]
    return {"lag_p50": statistics.median(lags), "lag_p99": _p99(lags)}


def _rate(subject: Subject, before: float, answers: list[Answer]) -> Figures:
    tokens = sum(len(answer.lags) for answer in answers)
    return {"tokens_per_cpu_second": tokens / (subject.cpu_seconds() - before)}


def _p99(values: list[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))]
