"""The tally: what many rounds came to, and the table of docs/promises.md."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .checker import PROMISES, Violation
from .figures import times
from .histories import Lost, Opened
from .rounds import Verdict

#: What each promise was put under, and what its time is.
ABOUT = {
    "P1": ("prefix", "all of them", ""),
    "P2": ("durable before visible", "kill -9, hooks", ""),
    "P3": ("exactly once", "drops, doors, bad cursors, kills", ""),
    "P4": ("final is final", "all of them", ""),
    "P5": ("one request, one answer", "10 calls with one key, kills", ""),
    "P6": ("one writer", "pauses beyond the lease, rivals", ""),
    "P7": ("every answer ends", "kill -9, SIGTERM, pauses", "death to next new token"),
    "P7 alone": ("the same, one process", "kill -9", "restart to next new token"),
    "P8": ("stop stops", "from any door, at any time", "call to upstream closed"),
    "P9": ("a disconnect is not a stop", "all clients gone", ""),
    "P10": ("a stall is noticed", "silent provider", "beyond the limit"),
    "P11": ("honest ending", "end of file, reset, errors", ""),
    "P13": ("no window", "cursors of any age and none", "to the first stored event"),
    "P14": ("isolation", "strangers", ""),
    "P15": ("true accounts", "all of them", ""),
    "P16": ("clean restart", "kill -9, SIGTERM", "start to serving"),
    "crowd": ("of followers, all at once", "1,000 within 1 s", "connecting to first event"),
    "deploy": ("of two web processes, one by one", "200 open streams", "longest gap of each"),
}
START, END = "<!-- figures -->\n", "<!-- /figures -->\n"


@dataclass
class Tally:
    rounds: int = 0
    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, verdict: Verdict, shape: str, *, alone: bool) -> None:
        self.rounds += 1
        self.runs += len(verdict.runs)
        self.shapes[shape] += len(verdict.runs)
        self.faults += verdict.wounds.counts
        self.violations += verdict.violations
        for run in verdict.runs:
            self.faults["provider"] += bool(run.script.fault)
            for history in run.histories:
                kinds = Counter(type(moment) for moment in history.moments)
                self.faults["connection"] += kinds[Opened]
                self.faults["drop"] += max(0, kinds[Lost] - bool(history.ended))
                self.faults["foul"] += sum(
                    type(moment) is Opened and not moment.healthy for moment in history.moments
                )
        for promise, seconds in times(verdict, alone=alone):
            name = "P7 alone" if promise == "P7" and alone else promise
            self.seconds[name].append(seconds)

    def table(self) -> str:
        """Markdown: a row for each promise that the checker reads off a run, or that is timed."""
        broken = Counter(violation.promise for violation in self.violations)
        lines = [
            "| promise | under | runs | violations | time of | samples | p50 | p99 |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for promise, (name, under, time) in ABOUT.items():
            samples = self.seconds.get(promise, [])
            figures = " | | "
            if samples:
                figures = f"{len(samples)} | {_s(samples, 0.5)} | {_s(samples, 0.99)}"
            judged = promise in PROMISES
            verdict = f"{self.runs:,} | {broken[promise]}" if judged else " | "
            lines.append(f"| {promise} {name} | {under} | {verdict} | {time} | {figures} |")
        return "\n".join(lines) + "\n"

    def summary(self) -> str:
        shapes = ", ".join(f"{name} {count:,}" for name, count in self.shapes.items())
        faults = ", ".join(f"{name} {count:,}" for name, count in sorted(self.faults.items()))
        broken = len(self.violations)
        return (
            f"{self.runs:,} runs in {self.rounds:,} rounds ({shapes}); {faults}; "
            f"{broken} violation{'' if broken == 1 else 's'}"
        )


def _s(samples: Sequence[float], part: float) -> str:
    ordered = sorted(samples)
    return f"{ordered[min(len(ordered) - 1, int(part * len(ordered)))]:.2f} s"


def write(page: Path, text: str) -> None:
    """Put the figures where the page keeps them."""
    before = page.read_text()
    pattern = re.escape(START) + ".*" + re.escape(END)
    after = re.sub(pattern, lambda _: START + text + END, before, flags=re.DOTALL)
    page.write_text(after)
