"""Plans: what happens in a round, as a function of its seed. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.simulator import Script

from .deployment import Shape

#: Answers in one round, all at the same time.
ANSWERS = 16
#: What the provider may do wrong: the fault, and in how many calls of an answer (0: in all).
PROVIDER = (
    *(("reset", 0), ("cut", 0), ("eof", 0), ("malformed", 0)),
    *(("reset", 1), ("cut", 1), ("eof", 1), ("error", 1), ("stall", 1), ("silent", 1)),
    *(("drop", 1), ("status", 1), ("status", 2), ("no_stop", 0), ("hang", 0)),
    *(("unknown", 0), ("empty", 0)),
)
#: What may befall processes, by how often it does.
STROKES = {"none": 2, "kill": 6, "term": 1, "rival": 1}
STROKES_OF_MANY = {"none": 1, "kill": 5, "term": 1, "pause": 5, "rival": 1, "postgres": 1}
#: Cursors of somebody who comes late: from anywhere in the answer, or no cursor at all.
STRANGE_CURSORS = ("garbage", "999999999999-3", "{prefix}-999999", "{prefix}--1", "\u2028", "0")
#: Where a process may kill itself (``plant/hooks.py``).
HOOKS = (
    *("before_commit", "after_commit", "before_wake_up", "after_wake_up", "before_send"),
    *("after_send", "before_the_end_is_told", "before_launch"),
)


@dataclass(frozen=True, slots=True)
class Role:
    """One client of one answer."""

    kind: str
    #: When it comes, in seconds (who does not ask comes when the answer is on its way), and when
    #: it leaves for good from then on (0: never).
    comes: float = 0.0
    leaves: float = 0.0
    #: What a ``guesser`` comes with; the dice say, when it is not said here.
    cursor: str = ""
    #: How likely each connection of it is to have bad weather.
    foul: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One answer, and who asks for it and reads it."""

    script: Script
    model: int
    comes: float
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Stroke:
    """Something that happens to a process; ``which`` picks among those that it can happen to."""

    kind: str
    at: float
    which: int = 0
    #: How long it lasts, where it does.
    seconds: float = 0.0
    #: Whether it waits until every answer (a rival: its own) has been seen by somebody.
    ready: bool = False


@dataclass(frozen=True)
class Plan:
    seed: str
    answers: tuple[Asked, ...]
    strokes: tuple[Stroke, ...] = ()
    #: How long clients go on trying, and answers may take to end after that, in seconds.
    deadline_s: float = 60.0
    settle_s: float = 30.0


def plan(seed: str, shape: Shape, *, answers: int = ANSWERS, stroke: str = "") -> Plan:
    """The round of this seed; with ``stroke`` that befalls it, whatever the dice say."""
    dice = random.Random(f"{seed} {shape.name}")
    if not stroke:
        kinds = STROKES_OF_MANY if shape.postgres else STROKES
        stroke = dice.choices(list(kinds), list(kinds.values()))[0]
    calm = stroke == "none"
    return Plan(
        seed,
        tuple(_asked(f"{seed}.{n}", dice, calm) for n in range(answers)),
        tuple(_strokes(stroke, dice)),
    )


def hooked(plan: Plan) -> Plan:
    """Some rounds without strokes get a death by a process's own hand, at a hook."""
    dice = random.Random(f"hook {plan.seed}")
    if plan.strokes or dice.random() < 0.5:
        return plan
    first, *others = plan.answers
    place = dice.choice(HOOKS)
    script = replace(first.script, id=f"hook:{place}:{dice.randint(1, 12)} {first.script.id}")
    return replace(plan, answers=(replace(first, script=script), *others))


def _asked(name: str, dice: random.Random, calm: bool) -> Asked:
    script = _script(name, dice, calm)
    lasts = script.tokens / script.tps if script.tps else 0.1
    alone = dice.random() < 0.1
    roles = [Role("asker", foul=dice.choice([0.0, 0.5, 0.8]), leaves=_leaves(dice, lasts, alone))]
    if dice.random() < 0.15:
        roles += [Role("asker", comes=dice.uniform(0, 0.05)) for _ in range(9)]
    for _ in range(dice.randint(1, 2)):
        foul = dice.choice([0.0, 0.0, 0.5, 0.9])
        leaves = _leaves(dice, lasts, alone)
        roles.append(Role("follower", dice.uniform(0, lasts), leaves, foul=foul))
    if dice.random() < 0.1:
        roles.append(Role("crawler", leaves=dice.uniform(1, 2)))
    if dice.random() < 0.12:
        roles.append(Role("stopper", comes=dice.uniform(0, lasts)))
    if dice.random() < 0.1:
        roles.append(Role("stranger", comes=dice.uniform(0, lasts)))
    if dice.random() < 0.3:
        roles.append(Role("returner", foul=0.2))
    if dice.random() < 0.2:
        roles.append(Role("guesser", comes=dice.uniform(0, lasts)))
    return Asked(script, dice.randrange(2), dice.uniform(0, 0.4), tuple(roles))


def _leaves(dice: random.Random, lasts: float, alone: bool) -> float:
    return dice.uniform(0.05, lasts) if alone else 0.0


def _script(name: str, dice: random.Random, calm: bool) -> Script:
    """100 to 300 tokens within about two seconds, from a provider that is not always well."""
    tokens = dice.randint(60, 260)
    at = dice.randint(0, tokens - 1)
    alphabet = dice.choice(["plain", "hostile"])
    fault, times = "", 0
    if dice.random() < 0.25:
        fault, times = dice.choice(PROVIDER)
    # Less than 20 characters that come again are no overlap (streaming/seam.py).
    overlaps = calm and times and at > 20 and alphabet == "plain"
    tps = dice.choice([0, 100, 200, 400]) if calm else dice.choice([80, 120, 200])
    seed = dice.randrange(10**6)
    return Script(
        id=name,
        tokens=tokens,
        seed=seed,
        alphabet=alphabet,
        tps=tps,
        first_after=dice.choice([0, 0, 0.2]),
        split=dice.choice([0, 0, 0, 7]),
        usage=dice.choice(["exact", "exact", "exact", "missing", "every"]),
        overlap=dice.choice([0, 40, 60]) if overlaps else 0,
        fault=fault,
        times=times,
        at=0 if fault in ("drop", "status", "silent") else at,
        status=dice.choice([429, 500, 503]) if fault == "status" else 0,
        retry_after=dice.choice(["0", "1", None]) if fault == "status" else None,
        size=500 if fault == "empty" else 0,
    )


def _strokes(kind: str, dice: random.Random) -> list[Stroke]:
    match kind:
        case "none":
            return []
        case "kill":
            times = [dice.uniform(0.1, 1.5)]
            while len(times) < 3 and dice.random() < 0.6:  # again, while it goes on from there
                times.append(times[-1] + dice.uniform(0.8, 2.5))
            return [Stroke("kill", at, dice.randrange(8)) for at in times]
        case "pause":
            # Longer than a lease, mostly: others take over, and it wakes up to that.
            return [
                Stroke("pause", dice.uniform(0.2, 1.2), which, dice.choice([0.5, 4.5, 6.0]))
                for which in dice.sample(range(4), dice.randint(2, 4))
            ]
        case "rival":
            return [
                Stroke("rival", dice.uniform(0.3, 1.2), dice.randrange(100), 0.6) for _ in range(4)
            ]
        case _:
            return [Stroke(kind, dice.uniform(0.2, 1.2), dice.randrange(8))]
