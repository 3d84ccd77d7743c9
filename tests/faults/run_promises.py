"""What is promised of an answer's run, read off it: P5 to P11 and P15 (docs/promises.md)."""

from __future__ import annotations

import json
from itertools import pairwise

from .evidence import Run, Stored
from .histories import TERMINAL, GaveUp, History, Lost, Opened, Taken
from .read_promises import FINE, Words

#: What a busy machine may add to a time before a promise counts as broken, in seconds.
SLACK_S = 2.0
#: How long after its end was stored a reader with a healthy line may wait for it.
LATE_S = 1.0 + SLACK_S
#: How soon a stop closes the upstream call, from any node.
STOP_S = 2.0 + SLACK_S
#: How long two calls for one answer may run side by side: until a lease is known to be lost.
OVERLAP_S = 2.0 + SLACK_S
#: Faults that no further call heals, when each has them.
FATAL = frozenset(
    {"reset", "cut", "eof", "stall", "pings", "error", "malformed", "silent", "drop", "status"}
    # The end marker is the last frame on one of the two wires, and the last but one on the other.
    | {"no_stop", "hang"}
)
#: With so many runs lost, the loss of one more may be the end.
LOSSES = 2


def one_answer(run: Run) -> Words:
    """P5: one key, one answer; the provider is called again only where the log says so."""
    if len(run.answers) > 1:
        yield f"{len(run.answers)} answers for one key"
    if len({history.message_id for history in run.histories if history.message_id}) > 1:
        yield "clients were told of more than one answer"
    for history in run.histories:
        for moment in history.moments:
            if type(moment) is Opened and moment.after is None and moment.status not in FINE:
                yield f"{history.client} asked and got {moment.status}"
    if run.stored is None:
        if run.calls:
            yield "the provider was called for an answer that is not stored"
        return
    waits = sum(row.name == "waiting" for row in run.stored.rows)
    starts = sum(row.name == "started" for row in run.stored.rows)
    due = max(run.stored.attempt, starts) + waits
    if len(run.calls) > due:
        yield f"{len(run.calls)} upstream calls, {due} were due"


def one_writer(run: Run) -> Words:
    """P6: epochs only grow along the log; who lost the lease writes nothing and hangs up."""
    if run.stored is None:
        return
    epoch = 0
    for row in run.stored.rows:
        if row.epoch < epoch:
            yield f"entry {row.seq} is of epoch {row.epoch}, behind one of {epoch}"
            break
        epoch = row.epoch
    for rival in run.rivals:
        if any(row.seq > rival.seq and row.epoch < rival.epoch for row in run.stored.rows):
            yield f"who lost it to epoch {rival.epoch} wrote on behind entry {rival.seq}"
        if rival.robbed:
            yield f"epoch {rival.epoch} lost its lease before it had run out"
    calls = sorted(run.calls, key=lambda call: call.started)
    for before, after in pairwise(calls):
        until = max([after.started, *(end for _, end in run.pauses)])
        if (before.ended or run.closed) > until + OVERLAP_S:
            yield "an upstream call went on although another had begun"


def ends(run: Run) -> Words:
    """P7: it ends whatever dies, finished if anybody can; who waits for the end hears of it."""
    stored = run.stored
    for history in run.histories:
        for moment in history.moments:
            if type(moment) is GaveUp:
                yield f"{history.client} waited for the end in vain: {moment.why}"
    if stored is None:
        return
    if stored.state not in TERMINAL:
        yield f"it is {stored.state} still"
        return
    due = run.disturbed and run.finishes and not _may_end_early(run)
    if due and stored.state != "done":
        yield f"it ended {stored.state} although it could be finished"
    if stored.ended_at is not None and not run.pauses:
        for history in run.histories:
            if late := _late(history, stored.ended_at):
                yield f"{history.client} heard of the end {late:.1f} s late"


def _may_end_early(run: Run) -> bool:
    """Whether somebody stopped it, or its runs were lost too often."""
    worn_out = run.stored is not None and run.stored.losses >= LOSSES
    return worn_out or bool(run.stops) or (run.script.fault in FATAL and not run.script.times)


def _late(history: History, ended_at: float) -> float:
    """How late the end came down a line that was healthy and open when it was stored."""
    line: Opened | None = None
    for moment in history.moments:
        if type(moment) is Opened:
            line = moment if moment.healthy and moment.status == 200 else None
        elif line is None or moment.at < ended_at:
            if type(moment) is Lost:
                line = None
        elif line.at < ended_at and moment.at > ended_at + LATE_S:
            if type(moment) is Lost or (type(moment) is Taken and moment.event in TERMINAL):
                return moment.at - ended_at
        elif type(moment) is Lost:
            line = None
    return 0.0


def stop_stops(run: Run) -> Words:
    """P8: a stop that was acknowledged ends it, and the upstream call with it."""
    if run.stored is None:
        return
    for asked in run.stops:
        if asked.status != 200 or not asked.receipt:
            continue
        if (run.stored.state, run.stored.stop_receipt) != ("stopped", asked.receipt):
            # Its provider may have been done in the same instant.
            if run.stored.state == "done" and (run.stored.ended_at or 0) < asked.answered + SLACK_S:
                continue
            yield f"a stop was acknowledged, and it ended {run.stored.state}"
        until = max([asked.answered, *(end for _, end in run.pauses), *(b for _, b in run.deaths)])
        for call in run.calls:
            if (call.ended or run.closed) > until + STOP_S:
                yield "a stop was acknowledged, and the upstream call went on"


def no_reader_needed(run: Run) -> Words:
    """P9: that clients leave ends nothing."""
    if run.stored is None or run.disturbed or run.stops or run.script.fault:
        return
    if run.stored.state in TERMINAL and run.stored.state != "done":
        yield f"nobody stopped it, and it ended {run.stored.state}"


def stall_noticed(run: Run) -> Words:
    """P10: a provider that fell silent is not waited for longer than the limit."""
    if run.script.fault not in ("stall", "silent") or run.disturbed or run.stops:
        return
    for call in run.calls:
        if call.state == "complete" or (not call.tokens and run.script.fault == "stall"):
            continue
        spoke = run.script.at / run.script.tps if run.script.tps else 0.0
        due = call.started + spoke + run.script.first_after + run.patience + 2.0 + SLACK_S
        if (call.ended or run.closed) > due:
            yield "a silent upstream call was waited for too long"


def honest(run: Run) -> Words:
    """P11: ``done`` only on the provider's own end marker; an early end only for a reason."""
    if run.stored is None or run.stored.state not in TERMINAL:
        return
    if run.stored.state == "done":
        marked = run.script.fault in ("no_stop", "hang")
        if not marked and not any(call.state == "complete" for call in run.calls):
            yield "it is done, and the provider never said so"
        if run.stored.text != run.expected:
            yield "it is done, and its text is not whole"
    elif not _may_end_early(run) and (run.finishes or not run.disturbed):
        yield f"it ended {run.stored.state} for no reason"


def accounts(run: Run) -> Words:
    """P15: what is recorded is what was said at the end and what the provider counted."""
    stored = run.stored
    if stored is None or not stored.rows or stored.rows[-1].name not in TERMINAL - {"failed"}:
        return
    said = json.loads(stored.rows[-1].data)["usage"]
    recorded = {name: stored.usage[name] for name in ("input_tokens", "output_tokens", "exact")}
    if recorded != {name: said.get(name) for name in recorded}:
        yield f"recorded {recorded}, said {said}"
    elif not said["exact"]:
        if _counted(run, stored):
            yield "the provider counted, and the account is an estimate"
    elif run.script.fault == "empty":
        return  # its provider counts empty deltas, which its record does not
    elif len(run.calls) == 1 and said["output_tokens"] != run.calls[0].tokens:
        yield f"{said['output_tokens']} tokens recorded, {run.calls[0].tokens} sent"


def _counted(run: Run, stored: Stored) -> bool:
    """Whether the account can be exact: a process that died may have made a call before."""
    whole = stored.state == "done" and len(run.calls) == 1 and run.calls[0].state == "complete"
    return whole and stored.attempt == 1 and run.script.usage == "exact"
