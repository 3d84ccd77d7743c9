"""For each planted bug: the answer that it spoils, who reads it, and which promise is broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.faults.plans import Asked, Plan, Role, Stroke
from tests.simulator import Script

#: Two who read to the end; one comes back often.
READERS = (Role("asker"), Role("follower", comes=0.3, foul=0.7))
#: One who keeps a clean line.
FAITHFUL = (Role("asker"), Role("follower", comes=0.1))


@dataclass(frozen=True)
class Case:
    """``promises``: the checker must find at least one of these broken."""

    promises: frozenset[str]
    script: dict[str, Any] = field(default_factory=dict)
    roles: tuple[Role, ...] = READERS
    #: Whether it shows only when the process dies, or when a rival takes over for so long.
    dies: bool = False
    rival_s: float = 0.0


def breaks(*promises: str, **about: Any) -> Case:
    script = {name: about.pop(name) for name in list(about) if name not in Case.__annotations__}
    return Case(frozenset(promises), script, **about)


#: One who leaves, and does not see that there is no end.
SHORT = (Role("asker", leaves=2.0),)
GUESSERS = tuple(Role("guesser", comes=at, cursor="garbage") for at in (0.4, 0.7, 1.2))
FOREIGNERS = tuple(Role("guesser", comes=at, cursor="999999999999-2") for at in (0.5, 0.9, 1.5))
RETRIES = tuple(Role("asker", comes=at / 50) for at in range(4))

CASES = {
    # of the log
    "shows_before_commit": breaks("P1", "P2", "P3", dies=True),
    "swallows_a_failed_commit": breaks("P3"),
    "writes_the_end_twice": breaks("P4"),
    "knows_no_fence": breaks("P6", rival_s=0.6),
    "robs_a_living_lease": breaks("P6", rival_s=3.0),
    "forgets_an_entry_when_compacting": breaks("P4"),
    # of reading
    "repeats_at_the_cursor": breaks("P3", roles=(*READERS, *[Role("returner")] * 3)),
    "believes_foreign_cursors": breaks("P1", "P13", roles=(*READERS, *FOREIGNERS)),
    "snapshot_lacks_the_last": breaks("P3", roles=(*READERS, *GUESSERS)),
    "loses_a_wake_up": breaks("P7", roles=FAITHFUL),
    "skips_an_entry": breaks("P3", roles=FAITHFUL),
    "mixes_up_answers": breaks("P1", roles=FAITHFUL),
    "ends_when_readers_leave": breaks("P9", roles=(Role("asker", leaves=0.4),), tps=40),
    # of running
    "calls_a_clean_end_done": breaks("P11", fault="eof", at=50),
    "says_it_all_again": breaks("P1", fault="reset", at=50, times=1),
    "leaves_the_seam": breaks("P1", fault="reset", at=50, times=1, overlap=30),
    "never_notices_a_stall": breaks("P7", "P10", roles=SHORT, fault="stall", at=20),
    "stops_but_does_not_hang_up": breaks(
        "P8", roles=(*READERS, Role("stopper", comes=0.5)), tokens=600, tps=60
    ),
    "forgets_the_stop": breaks(
        "P8", roles=(*READERS, Role("stopper", comes=0.3)), tokens=300, tps=50
    ),
    "counts_usage_twice": breaks("P15"),
    "takes_over_from_scratch": breaks("P1", dies=True),
    "leaves_orphans": breaks("P7", roles=SHORT, dies=True),
    # of the message
    "asks_before_it_looks": breaks("P5", roles=RETRIES),
    "changes_what_is_final": breaks("P4"),
}
#: Answers that nothing was done to: the checker must find nothing wrong with them.
HEALTHY: dict[str, dict[str, Any]] = {
    "one": {"alphabet": "hostile"},
    "two": {"fault": "reset", "at": 50, "times": 1, "overlap": 40},
    "three": {"fault": "stall", "at": 40, "times": 1},
}


def bed(*, dies: bool) -> Plan:
    """All of them at once, and healthy answers beside them."""
    chosen = {name: case for name, case in CASES.items() if case.dies == dies}
    answers = [_asked(name, case) for name, case in chosen.items()]
    strokes = [Stroke("kill", 0.3, ready=True)] if dies else []
    for number, case in enumerate(chosen.values()):
        if case.rival_s:
            strokes.append(Stroke("rival", 0.3, number, case.rival_s))
    for number, (name, about) in enumerate(HEALTHY.items()):
        script = Script(id=f"healthy:{name}", tokens=150, tps=100, seed=number, **about)
        answers.append(Asked(script, number % 2, 0.0, READERS))
    return Plan(f"bed {dies}", tuple(answers), tuple(strokes), settle_s=5.0)


def _asked(name: str, case: Case) -> Asked:
    about = {"tokens": 150, "tps": 60, "seed": len(name)} | case.script
    return Asked(Script(id=f"plant:{name}", **about), 0, 0.0, case.roles)
