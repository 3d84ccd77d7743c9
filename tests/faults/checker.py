"""The checker: every promise that can be read off the record of a run (docs/promises.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from . import read_promises, run_promises
from .evidence import Run
from .read_promises import Words

#: What is wrong in the same way many times is told so often.
MOST = 3


@dataclass(frozen=True, slots=True)
class Violation:
    promise: str
    run: str
    words: str

    def __str__(self) -> str:
        return f"{self.promise} in {self.run}: {self.words}"


PROMISES: dict[str, Callable[[Run], Words]] = {
    "P1": read_promises.prefix,
    "P2": read_promises.durable,
    "P3": read_promises.exactly_once,
    "P4": read_promises.final,
    "P5": run_promises.one_answer,
    "P6": run_promises.one_writer,
    "P7": run_promises.ends,
    "P8": run_promises.stop_stops,
    "P9": run_promises.no_reader_needed,
    "P10": run_promises.stall_noticed,
    "P11": run_promises.honest,
    "P13": read_promises.no_window,
    "P14": read_promises.isolated,
    "P15": run_promises.accounts,
}


def check(run: Run) -> list[Violation]:
    """Everything that is wrong with this run."""
    return [
        Violation(promise, run.name, words)
        for promise, find in PROMISES.items()
        for words in islice(find(run), MOST)
    ]
