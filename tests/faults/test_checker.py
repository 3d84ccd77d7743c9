"""The checker: finds nothing in a sound history, and each promise broken in one that breaks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from .checker import PROMISES, check
from .evidence import Autopsy, Rival, Row, Run, Upstream
from .histories import GaveUp, Lost, Opened, Refused, StopAsked, Taken
from .replay import Book
from .stories import LIFE, MESSAGE, PREFIX, SCRIPT, reader, row, rows, run, stored, taken


def _shows_something_else() -> Run:
    log = rows()
    log[4] = row(5, "delta", index=0, text="something else")
    return run(log=log)


def _is_gone_after_the_kill() -> Run:
    left = stored(rows()[:4], state="running", last_seq=None, parts=None)
    return run(autopsies=[Autopsy(LIFE, 5.0, {MESSAGE: left})], deaths=[(5.0, 6.0)])


def _changed_after_the_kill() -> Run:
    other = [*rows()[:3], row(4, "delta", index=0, text=" what was there before")]
    left = stored(other, state="running", last_seq=None, parts=None)
    return run(autopsies=[Autopsy("web2#1", 5.0, {MESSAGE: left})], deaths=[(5.0, 6.0)])


def _takes_an_entry_twice() -> Run:
    log = rows()
    return run(reader(*map(taken, [*log[:4], log[3], *log[4:]])))


def _misses_an_entry() -> Run:
    log = rows()
    return run(reader(*map(taken, [*log[:4], *log[5:]])))


def _ends_twice() -> Run:
    log = [*rows(), row(8, "incomplete", reason="interrupted", usage={}, timings={})]
    return run(log=log)


def _is_edited_at_the_end() -> Run:
    return run(stored=stored(rows(), parts=[{"type": "text", "text": "something else"}]))


def _answers_twice() -> Run:
    return run(answers=[MESSAGE, "another"])


def _calls_twice() -> Run:
    call = Upstream(1.0, 9.0, "complete", 4)
    return run(calls=[call, replace(call, started=9.1, ended=9.5)])


def _is_written_by_two() -> Run:
    log = rows()
    log[3] = replace(log[3], epoch=2)
    return run(log=log)


def _is_written_behind_a_rival() -> Run:
    return run(rivals=[Rival(5.0, 2, 4, robbed=False)])


def _is_robbed() -> Run:
    log = [replace(one, epoch=1 if one.seq < 5 else 2) for one in rows()]
    return run(log=log, rivals=[Rival(5.0, 2, 4, robbed=True)])


def _calls_side_by_side() -> Run:
    calls = [Upstream(1.0, 19.0, "complete", 4), Upstream(2.0, 9.0, "complete", 4)]
    return run(stored=stored(rows(), attempt=2), calls=calls)


def _never_ends() -> Run:
    return run(stored=stored(rows()[:-1], state="running", last_seq=None))


def _is_not_finished() -> Run:
    log = [*rows()[:-1], row(7, "incomplete", reason="interrupted", usage={}, timings={})]
    return run(log=log, deaths=[(5.0, 6.0)])


def _is_told_too_late() -> Run:
    *before, end = rows()
    return run(reader(*map(taken, before), taken(end, at=19.0)))


def _waits_in_vain() -> Run:
    return run(reader(*map(taken, rows()[:3]), GaveUp(50.0, "no end")))


def _goes_on_after_a_stop() -> Run:
    asked = StopAsked(2.0, 2.1, LIFE, 200, "a-receipt")
    return run(reader(asked), stored=stored(rows(), ended_at=30.0))


def _does_not_hang_up() -> Run:
    log = [*rows()[:-1], row(7, "stopped", receipt="r", usage={}, timings={})]
    asked = StopAsked(2.0, 2.1, LIFE, 200, "r")
    call = Upstream(1.0, None, "open", 4)
    return run(reader(asked), stored=stored(log, stop_receipt="r"), calls=[call])


def _ends_without_a_reader() -> Run:
    log = [*rows()[:-1], row(7, "stopped", receipt="r", usage={}, timings={})]
    return run(log=log)


def _waits_for_the_silent() -> Run:
    script = replace(SCRIPT, fault="stall", at=2)
    return run(script=script, calls=[Upstream(1.0, 90.0, "client_closed", 2)], closed=91.0)


def _is_done_by_itself() -> Run:
    return run(calls=[Upstream(1.0, 9.0, "eof", 4)])


def _is_done_too_early() -> Run:
    log = [*rows()[:4], row(5, "done", finish_reason="stop", usage={}, timings={})]
    return run(log=log)


def _refuses_a_cursor() -> Run:
    return run(reader(Opened(2.0, LIFE, "garbage", 500, healthy=True)))


def _believes_a_cursor() -> Run:
    return run(reader(*map(taken, rows()[3:])))


def _tells_a_stranger() -> Run:
    return run(reader(Refused(2.0, 403)))


def _counts_otherwise() -> Run:
    usage = {"input_tokens": 9, "output_tokens": 8, "exact": True}
    return run(stored=stored(rows(), usage=usage))


def _counts_twice() -> Run:
    usage = {"input_tokens": 9, "output_tokens": 8, "exact": True}
    log = [*rows()[:-1], row(7, "done", finish_reason="stop", usage=usage, timings={})]
    return run(stored=stored(log, usage=usage), histories=[reader(*map(taken, log))])


SPOILED: dict[Callable[[], Run], str] = {
    _shows_something_else: "P1",
    _is_gone_after_the_kill: "P2",
    _changed_after_the_kill: "P2",
    _takes_an_entry_twice: "P3",
    _misses_an_entry: "P3",
    _ends_twice: "P4",
    _is_edited_at_the_end: "P4",
    _answers_twice: "P5",
    _calls_twice: "P5",
    _is_written_by_two: "P6",
    _is_written_behind_a_rival: "P6",
    _is_robbed: "P6",
    _calls_side_by_side: "P6",
    _never_ends: "P7",
    _is_not_finished: "P7",
    _is_told_too_late: "P7",
    _waits_in_vain: "P7",
    _goes_on_after_a_stop: "P8",
    _does_not_hang_up: "P8",
    _ends_without_a_reader: "P9",
    _waits_for_the_silent: "P10",
    _is_done_by_itself: "P11",
    _is_done_too_early: "P11",
    _refuses_a_cursor: "P13",
    _believes_a_cursor: "P13",
    _tells_a_stranger: "P14",
    _counts_otherwise: "P15",
    _counts_twice: "P15",
}


def test_it_finds_nothing_in_a_sound_run() -> None:
    assert check(run()) == []


@pytest.mark.parametrize("spoil", list(SPOILED), ids=lambda spoil: spoil.__name__.strip("_"))
def test_it_finds_what_is_broken(spoil: Callable[[], Run]) -> None:
    assert SPOILED[spoil] in {violation.promise for violation in check(spoil())}


def test_every_promise_that_it_knows_has_a_history_that_breaks_it() -> None:
    assert set(SPOILED.values()) == set(PROMISES)


def test_merged_deltas_and_snapshots_are_the_same_story() -> None:
    log = rows()
    texts = [json.loads(entry.data)["text"] for entry in log[2:5]]
    parts = [{"type": "text", "text": "".join(texts[:2])}]
    both = Row(4, 1, "delta", json.dumps({"index": 0, "text": "".join(texts[:2])}))
    state = Row(4, 1, "snapshot", json.dumps({"parts": parts, "status": "running"}))
    for first in ([*log[:2], both], [state]):
        assert check(run(reader(*map(taken, [*first, *log[4:]])))) == []


def test_a_reader_that_came_back_by_itself_was_not_told_too_late() -> None:
    *before, end = rows()
    lost, again = Lost(10.5, LIFE, "cut"), Opened(18.0, LIFE, f"{PREFIX}-6", 200, healthy=True)
    assert check(run(reader(*map(taken, before), lost, again, taken(end, at=19.0)))) == []


def test_a_delta_that_is_not_stored_contradicts_the_book() -> None:
    frame = Taken(1.0, LIFE, "delta", f"{PREFIX}-9", json.dumps({"index": 0, "text": "x"}))
    assert Book(rows()).contradicts(7, frame) == "entry 9 (delta) is not stored"
