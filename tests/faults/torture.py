"""Torture: the long tier. Many seeds on every shape of deployment, a table at the end."""

from __future__ import annotations

import argparse
import asyncio
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.services import Missing, Postgres, Redis
from tests.simulator import Script, Simulator, simulator_process

from .checker import Violation
from .crowd import come_back
from .deployment import SHAPES, Deployment, Shape, deployed
from .deploys import deploy, gaps
from .plans import Plan, Stroke, hooked, plan
from .rounds import Verdict, play
from .tally import Tally, write

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "promises.md"
#: Where the histories of rounds go that broke a promise.
DUMPS = ROOT / "var" / "torture"
#: Of all rounds, how many are played on each shape.
SHARES = {
    "sqlite": 6,
    "sqlite-worker": 1,
    "postgres": 4,
    "postgres-redis": 2,
    "postgres-redis-dies": 2,
}
#: How many come back at once.
CROWD = 1000
#: A deployment is founded anew after so many rounds.
LIFE = 40


class Services:
    """PostgreSQL and Redis, started when a shape first needs them."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._postgres: Postgres | None = None
        self._redis: Redis | None = None

    def of(self, shape: Shape) -> tuple[Postgres | None, Redis | None]:
        """Raises :class:`Missing` when one is not installed."""
        if shape.postgres and self._postgres is None:
            self._postgres = Postgres()
            self._stack.callback(self._postgres.close)
            self._postgres.start()
        if shape.redis and self._redis is None:
            self._redis = Redis()
            self._stack.callback(self._redis.close)
            self._redis.start()
        return self._postgres, self._redis

    def close(self) -> None:
        self._stack.close()


class Torture:
    def __init__(self, options: argparse.Namespace, simulator: Simulator) -> None:
        self.options = options
        self.simulator = simulator
        self.services = Services()
        self.tally = Tally()
        self.until = time.monotonic() + 60 * options.minutes

    async def run(self) -> None:
        """Shape after shape, until the runs or the minutes are used up."""
        shapes = self.options.shapes
        whole = sum(SHARES[name] for name in shapes)
        for name in shapes:
            part = SHARES[name] / whole
            share = (self.until - time.monotonic()) if name == shapes[-1] else 0
            until = time.monotonic() + (share or 60 * self.options.minutes * part)
            try:
                await self._shape(SHAPES[name], self.options.seeds * part, until)
            except Missing as missing:
                print(f"{name}: {missing} is not installed; nothing was shown for it")

    async def _shape(self, shape: Shape, runs: float, until: float) -> None:
        seeds = iter([self.options.seed] if self.options.seed else map(str, range(1, 10**6)))
        done = 0
        if not self.options.seed:
            done += await self._first(shape)
        while done < runs and time.monotonic() < until:
            async with self._deployed(shape) as deployment:
                for _ in range(LIFE):
                    seed = next(seeds, None)
                    if seed is None or done >= runs or time.monotonic() >= until:
                        return
                    try:
                        done += await self._round(deployment, seed)
                    except Exception:  # noqa: BLE001 - one round must not cost the others
                        words = traceback.format_exc()
                        print(f"{shape.name} SEED={seed} was not played:\n{words}", flush=True)
                        self.tally.violations.append(Violation("harness", seed, words))
                        break

    @asynccontextmanager
    async def _deployed(self, shape: Shape) -> AsyncIterator[Deployment]:
        postgres, redis = await asyncio.to_thread(self.services.of, shape)
        async with deployed(
            shape,
            self.simulator,
            postgres=postgres,
            redis=redis,
            plant="hooks",
        ) as deployment:
            yield deployment

    async def _round(self, deployment: Deployment, seed: str) -> int:
        shape, began = deployment.shape, time.monotonic()
        chosen = plan(seed, shape, stroke=self.options.stroke)
        if shape.redis == "dies":
            chosen = _with(chosen, Stroke("redis", 0.5))
        verdict = await play(deployment, hooked(chosen))
        self.tally.add(verdict, shape.name, alone=shape.is_alone)
        self._tell(verdict, shape, time.monotonic() - began)
        return len(verdict.runs)

    async def _first(self, shape: Shape) -> int:
        """What is done once, on one shape each."""
        if shape.name == "sqlite":
            async with deployed(shape, self.simulator, plant="queries") as deployment:
                await self._crowd(deployment)
        elif shape.name == "postgres":
            async with self._deployed(shape) as deployment:
                return await self._deploy(deployment)
        return 0

    async def _crowd(self, deployment: Deployment) -> None:
        """A thousand followers come back within a second."""
        back = await come_back(deployment, Script(id="a crowd", tokens=60, tps=60), CROWD)
        self.tally.seconds["crowd"] += back.times
        print(f"{CROWD} came back: {back.queries / CROWD:.2f} queries each", flush=True)
        if not back.is_exact:
            self.tally.violations.append(Violation("P3", "crowd", "some got something else"))

    async def _deploy(self, deployment: Deployment) -> int:
        """A rolling deploy under 200 streams."""
        began = time.monotonic()
        verdict = await play(deployment, deploy())
        self.tally.add(verdict, deployment.shape.name, alone=False)
        self.tally.seconds["deploy"] += gaps(verdict)
        self._tell(verdict, deployment.shape, time.monotonic() - began)
        return len(verdict.runs)

    def _tell(self, verdict: Verdict, shape: Shape, seconds: float) -> None:
        states = Counter(run.stored.state if run.stored else "unasked" for run in verdict.runs)
        ends = " ".join(f"{name}={count}" for name, count in sorted(states.items()))
        wounds = " ".join(f"{name}={count}" for name, count in verdict.wounds.counts.items())
        print(
            f"{shape.name} SEED={verdict.plan.seed} {seconds:.1f}s {ends} {wounds or 'calm'}",
            flush=True,
        )
        for violation in verdict.violations:
            print(f"  BROKEN {violation}", flush=True)
        if verdict.violations:
            DUMPS.mkdir(parents=True, exist_ok=True)
            page = DUMPS / f"{shape.name}-{verdict.plan.seed}.jsonl"
            page.write_text("".join(f"{line}\n" for run in verdict.runs for line in run.lines()))


def _with(plan: Plan, stroke: Stroke) -> Plan:
    return Plan(plan.seed, plan.answers, (*plan.strokes, stroke), plan.deadline_s)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="runs: answers under faults")
    parser.add_argument("--minutes", type=float, default=60.0, help="at most so long")
    parser.add_argument("--seed", default="", help="this one round alone")
    parser.add_argument("--stroke", default="", help="befalls every round, whatever the dice say")
    parser.add_argument("--shapes", type=lambda names: names.split(","), default=list(SHARES))
    parser.add_argument("--write", action="store_true", help="the table into docs/promises.md")
    options = parser.parse_args()
    with simulator_process() as simulator:
        torture = Torture(options, simulator)
        try:
            asyncio.run(torture.run())
        except KeyboardInterrupt:
            print("interrupted; so far:")
        finally:
            torture.services.close()
    when = f"{datetime.now(UTC):%Y-%m-%d}: {torture.tally.summary()}."
    print(f"\n{when}\n\n{torture.tally.table()}")
    if options.write:
        write(PAGE, f"{when}\n\n{torture.tally.table()}")
    return 1 if torture.tally.violations else 0
