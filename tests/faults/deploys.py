"""A rolling deploy under load: every web process is ended and started, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.simulator import Script

from .plans import Asked, Plan, Role, Stroke
from .rounds import Verdict

#: Answers, and how many follow each.
ANSWERS, FOLLOWERS = 20, 10
#: How fast they come: a longer silence than between two tokens is the deploy's doing.
TOKENS, TOKENS_PER_SECOND = 120, 8.0


def deploy() -> Plan:
    """Two hundred open streams; the first web process is ended after 3 s, the second after 9 s."""
    roles = (Role("asker"), *(Role("follower", comes=n / 20) for n in range(FOLLOWERS - 1)))
    answers = tuple(
        Asked(
            Script(id=f"deploy:{n}", tokens=TOKENS, tps=TOKENS_PER_SECOND, seed=n),
            n % 2,
            n / 20,
            roles,
        )
        for n in range(ANSWERS)
    )
    return Plan("deploy", answers, (Stroke("term", 3.0, 0), Stroke("term", 9.0, 1)))


def gaps(verdict: Verdict) -> Iterator[float]:
    """The longest silence of each stream, in seconds."""
    for run in verdict.runs:
        for history in run.histories:
            times = [frame.at for frame in history.frames]
            yield max((after - before for before, after in pairwise(times)), default=0.0)
