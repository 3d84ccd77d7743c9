"""Figures: the times that promises are measured by, read off the record of a round."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Autopsy, Run
from .histories import TERMINAL, Lost, Opened, Taken
from .rounds import Verdict


def times(verdict: Verdict, *, alone: bool) -> Iterator[tuple[str, float]]:
    """``(promise, seconds)`` of whatever can be timed; ``alone``: one process, started again."""
    yield from (("P16", seconds) for seconds in verdict.wounds.restarts)
    for run in verdict.runs:
        yield from (("P7", seconds) for seconds in _next_tokens(run, alone))
        yield from (("P8", seconds) for seconds in _hang_ups(run))
        yield from (("P10", seconds) for seconds in _patience(run))
        yield from (("P13", seconds) for seconds in _resumes(run))


def _next_tokens(run: Run, alone: bool) -> Iterator[float]:
    """From a death (or, alone, from the restart) to the next new token that anybody got."""
    for autopsy, (died, back) in zip(run.autopsies, run.deaths, strict=True):
        if (last := _left_behind(run, autopsy)) is None:
            continue
        news = [
            frame.at
            for history in run.histories
            for frame in history.frames
            if frame.at > died and frame.seq > last and frame.event == "delta"
        ]
        if news:
            yield max(0.0, min(news) - (back if alone else died))


def _left_behind(run: Run, autopsy: Autopsy) -> int | None:
    """The last entry of a generation that died with its process and was gone on with."""
    left = autopsy.stored.get(run.stored.message_id) if run.stored else None
    if run.stored is None or left is None or left.state in TERMINAL or not left.rows:
        return None
    last = left.rows[-1].seq
    taken_over = any(
        row.seq > last and row.name == "started" and row.epoch > left.epoch
        for row in run.stored.rows
    )
    return last if taken_over else None


def _hang_ups(run: Run) -> Iterator[float]:
    """From a stop call to the end of the upstream call that it found, if nothing else died."""
    if run.stored is None or run.stored.state != "stopped" or run.pauses or run.deaths:
        return
    first = min((asked.at for asked in run.stops if asked.receipt), default=0.0)
    for call in run.calls:
        if call.ended is not None and call.started <= first <= call.ended:
            yield call.ended - first


def _patience(run: Run) -> Iterator[float]:
    """How long a provider that had fallen silent was waited for, beyond the limit."""
    if run.script.fault != "stall" or run.disturbed or run.stops or not run.calls:
        return
    call = run.calls[0]
    if call.state == "client_closed" and call.ended is not None:
        spoke = run.script.at / run.script.tps if run.script.tps else 0.0
        yield call.ended - call.started - run.script.first_after - spoke - run.patience


def _resumes(run: Run) -> Iterator[float]:
    """From the head of a response to its first event, where that was stored before."""
    if run.stored is None or run.stored.ended_at is None:
        return
    for history in run.histories:
        line: Opened | None = None
        for moment in history.moments:
            if type(moment) is Opened:
                line = moment if moment.healthy and moment.at > run.stored.ended_at else None
            elif type(moment) is Lost:
                line = None
            elif type(moment) is Taken and line is not None:
                yield moment.at - line.at
                line = None
