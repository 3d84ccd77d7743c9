"""The seeded tier: a few rounds of every kind on one process, and deaths at every hook.

The long tier is ``make torture``; a seed that fails is played again alone by
``make torture SEED=… SHAPES=sqlite``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulator import Script, Simulator

from .deployment import SHAPES, deployed
from .plans import ANSWERS, Asked, Plan, Role, plan
from .rounds import Verdict, play

ROUNDS = (("1", "none"), ("2", "kill"), ("3", "rival"))
#: Between commit, wake-up and send; the others are the long tier's.
PLACES = ("after_commit", "before_wake_up", "before_send")


async def played(simulator: Simulator, plans: Sequence[Plan]) -> list[Verdict]:
    """One deployment for all of them."""
    async with deployed(SHAPES["sqlite"], simulator, plant="hooks") as deployment:
        return [await play(deployment, plan) for plan in plans]


async def test_seeded_rounds_break_no_promise(simulator: Simulator) -> None:
    plans = [plan(seed, SHAPES["sqlite"], stroke=stroke) for seed, stroke in ROUNDS]
    verdicts = await played(simulator, plans)
    assert [violation for verdict in verdicts for violation in verdict.violations] == []
    assert sum(len(verdict.runs) for verdict in verdicts) == len(ROUNDS) * ANSWERS
    assert sum(verdict.wounds.counts["kill"] for verdict in verdicts) >= 1


def dying_at(places: Sequence[str]) -> Plan:
    """An answer for each place; the process dies as often."""
    answers = [
        Asked(
            Script(id=f"hook:{place}:{2 + number}", tokens=120, tps=60, seed=number),
            number % 2,
            0.3 * number,
            (Role("asker"), Role("follower", foul=0.3)),
        )
        for number, place in enumerate(places)
    ]
    return Plan(f"hooks {places[0]}", tuple(answers))


async def test_a_death_at_a_hook_loses_nothing(simulator: Simulator) -> None:
    """Between commit, wake-up and send. Nothing is lost, though an answer may die too often."""
    (verdict,) = await played(simulator, [dying_at(PLACES)])
    assert verdict.violations == []
    assert verdict.wounds.counts["hook"] >= 1
