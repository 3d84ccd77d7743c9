"""The long tier's words: a plan is a function of its seed, and the table goes where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from .checker import PROMISES
from .deployment import SHAPES
from .nemesis import Wounds
from .plans import Plan, plan
from .rounds import Verdict
from .stories import run
from .tally import ABOUT, Tally, write


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_plan_is_a_function_of_its_seed(shape: str) -> None:
    assert plan("7", SHAPES[shape]) == plan("7", SHAPES[shape])
    assert plan("7", SHAPES[shape]) != plan("8", SHAPES[shape])


def test_the_table_has_a_row_for_each_promise() -> None:
    tally = Tally()
    tally.add(Verdict(Plan("1", ()), [run()], Wounds(restarts=[1.0, 2.0])), "sqlite", alone=True)
    lines = tally.table().splitlines()
    assert len(lines) == 2 + len(ABOUT)
    assert set(PROMISES) <= set(ABOUT)
    assert "| P1 prefix | all of them | 1 | 0 |  |  | |  |" in lines
    assert any("start to serving | 2 | 2.00 s | 2.00 s" in line for line in lines)


def test_it_writes_between_its_marks_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nbehind\n")
    write(page, "new \\1\n")
    assert page.read_text() == ("before\n<!-- figures -->\nnew \\1\n<!-- /figures -->\nbehind\n")
