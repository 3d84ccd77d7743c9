"""``python -m bench [--quick] [--only ours|peer] [--rounds 3]``: one table, raw results kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.simulator import simulator_process

from . import loads
from .client import Broken
from .subjects import ROOT, Relay, Subject, Unbroken, cores
from .table import Rounds, table

LOADS = (loads.single, loads.many, loads.full, loads.held)
RESULTS = ROOT / "bench" / "results"


def measure(subject: Subject, scale: loads.Scale, core: set[int]) -> dict[str, loads.Figures]:
    figures = {}
    for load in LOADS:
        print(f"  {subject.name}: {load.__doc__}", file=sys.stderr, flush=True)
        with subject.running(core):
            figures[load.__name__] = load(subject, scale)
    return figures


def run(rounds: int, scale: loads.Scale, only: str) -> Rounds:
    """Takes turns at who begins. The scratch directory is on the disk that the project is on."""
    core, others = cores()
    os.sched_setaffinity(0, others)  # and with it the simulator
    (ROOT / "var").mkdir(exist_ok=True)
    results: Rounds = []
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "var", prefix="bench-") as scratch,
        simulator_process() as simulator,
    ):
        kinds = [kind for kind in (Unbroken, Relay) if only in ("", kind.name)]
        subjects: list[Subject] = [kind(simulator, Path(scratch)) for kind in kinds]
        for number in range(rounds):
            print(f"Round {number + 1} of {rounds}", file=sys.stderr)
            turns = subjects if number % 2 == 0 else subjects[::-1]
            found = {subject.name: measure(subject, scale, core) for subject in turns}
            results.append({subject.name: found[subject.name] for subject in subjects})
    return results


def keep(results: Rounds, load_before: float) -> Path:
    now = datetime.now(UTC)
    about = {
        "at": now.isoformat(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load_before": load_before,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps({"about": about, "rounds": results}, indent=1) + "\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="one short round, under a minute")
    parser.add_argument("--only", choices=[Unbroken.name, Relay.name], default="")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    scale = loads.QUICK if given.quick else loads.FULL
    load_before = os.getloadavg()[0]
    if load_before > 0.5:
        print(f"The machine is busy (load {load_before:.1f}): times will be off", file=sys.stderr)
    try:
        results = run(1 if given.quick else given.rounds, scale, given.only)
    except Broken as broken:
        sys.exit(f"bench: {broken}")
    print(table(results))
    print(f"Raw results: {keep(results, load_before).relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
