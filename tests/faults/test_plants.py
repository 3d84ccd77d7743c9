"""Every planted bug is caught by the checker, and answers without one are found to be sound."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.simulator import Simulator

from .checker import Violation
from .deployment import SHAPES, deployed
from .plant.cases import CASES, HEALTHY, bed
from .rounds import play

Found = dict[str, list[Violation]]


async def _played(simulator: Simulator, beds: Sequence[bool]) -> Found:
    """What the checker finds, by the name of the answer."""
    found: Found = {}
    async with deployed(SHAPES["sqlite"], simulator, patience_s=2.0, plant="bugs") as deployment:
        for dies in beds:
            verdict = await play(deployment, bed(dies=dies))
            for run in verdict.runs:
                named = [one for one in verdict.violations if one.run == run.name]
                found.setdefault(run.name, []).extend(named)
    return found


_found: Found = {}


@pytest.fixture
async def found(simulator: Simulator) -> Found:
    """All of them in one process, twice: the second time it is killed."""
    if not _found:
        _found.update(await _played(simulator, (False, True)))
    return _found


@pytest.mark.parametrize("name", list(CASES))
def test_it_is_caught(found: Found, name: str) -> None:
    broken = {violation.promise for violation in found[f"plant:{name}"]}
    assert broken & CASES[name].promises, found[f"plant:{name}"]


@pytest.mark.parametrize("name", list(HEALTHY))
def test_a_healthy_answer_beside_them_is_sound(found: Found, name: str) -> None:
    assert found[f"healthy:{name}"] == []


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 15
