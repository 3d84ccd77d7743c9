"""The nemesis: kills, pauses, ends and robs the processes of a deployment when the plan says so."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .clients import Question
from .deployment import Deployment, Member
from .evidence import Autopsy, Rival
from .histories import now
from .plans import Stroke

#: How long a stroke waits for answers to be seen, in seconds.
READY_S = 6.0


@dataclass
class Wounds:
    """What it did, for the checker."""

    autopsies: list[Autopsy] = field(default_factory=list)
    pauses: list[tuple[float, float]] = field(default_factory=list)
    deaths: list[tuple[float, float]] = field(default_factory=list)
    #: By the run that it happened to.
    rivals: dict[str, list[Rival]] = field(default_factory=dict)
    #: Seconds from a start to the first answer.
    restarts: list[float] = field(default_factory=list)
    ended_early: bool = False
    counts: Counter[str] = field(default_factory=Counter)


class Nemesis:
    """Strikes one deployment during one round."""

    def __init__(self, deployment: Deployment, questions: list[Question]) -> None:
        self.deployment = deployment
        self.questions = questions
        self.wounds = Wounds()
        #: Nobody is struck twice at once.
        self._turns: dict[Member, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def strike(self, strokes: tuple[Stroke, ...]) -> None:
        """All of them, each at its time from now; returns when everything runs again."""
        async with asyncio.TaskGroup() as group:
            for stroke in strokes:
                group.create_task(self._strike(stroke))

    async def watch(self) -> None:
        """Bury whoever dies by its own hand (see ``plant/hooks.py``), and start it again."""
        while True:
            await asyncio.sleep(0.02)
            for member in self.deployment.members:
                gone = member.server.process is not None and not member.is_up
                if gone and not self._turns[member].locked():
                    async with self._turns[member]:
                        self.wounds.counts["hook"] += 1
                        await self._bury(member, now())

    async def _strike(self, stroke: Stroke) -> None:
        await asyncio.sleep(stroke.at)
        if stroke.ready or stroke.kind == "rival":
            await self._readiness(stroke)
        match stroke.kind:
            case "kill" | "term" | "pause":
                members = self.deployment.members
                victim = members[stroke.which % len(members)]
                async with self._turns[victim]:
                    # Who has just been struck is let go on for a moment.
                    await asyncio.sleep(0.4 if self.wounds.deaths else 0)
                    if victim.is_up:
                        self.wounds.counts[stroke.kind] += 1
                        await self._hit(victim, stroke)
            case "rival":
                await self._rob(self.questions[stroke.which % len(self.questions)], stroke.seconds)
            case "postgres":
                await self._restart_postgres(crash=bool(stroke.which % 2))
            case "redis":
                await self._restart_redis()

    async def _readiness(self, stroke: Stroke) -> None:
        """Until there is something to lose; not for ever."""
        concerned = self.questions
        if stroke.kind == "rival":
            concerned = [self.questions[stroke.which % len(self.questions)]]
        until = now() + READY_S
        while not all(one.is_seen for one in concerned):
            await asyncio.sleep(0.02)
            if now() > until:
                return

    async def _hit(self, member: Member, stroke: Stroke) -> None:
        match stroke.kind:
            case "kill":
                died = now()
                await member.kill()
                await self._bury(member, died)
            case "term":
                await self._term(member)
            case "pause":
                await self._pause(member, stroke.seconds)

    async def _bury(self, member: Member, died: float) -> None:
        """See what it left behind, and start it again."""
        life = member.life
        await member.kill()
        stored = await asyncio.to_thread(
            self.deployment.ledger.read, [one.conversation for one in self.questions]
        )
        left = {answer.message_id: answer for answers in stored.values() for answer in answers}
        autopsy = Autopsy(life, now(), left)
        self.wounds.deaths.append((died, await self._start(member)))
        self.wounds.autopsies.append(autopsy)

    async def _start(self, member: Member) -> float:
        """When it answered."""
        began = now()
        await member.start()
        self.wounds.restarts.append(now() - began)
        return now()

    async def _term(self, member: Member) -> None:
        began = now()
        self.wounds.ended_early = True
        await member.stop()
        self.wounds.pauses.append((began, await self._start(member)))

    async def _pause(self, member: Member, seconds: float) -> None:
        began = now()
        member.pause()
        await asyncio.sleep(seconds)
        member.wake()
        self.wounds.pauses.append((began, now()))

    async def _rob(self, question: Question, seconds: float) -> None:
        """Be another node that takes a generation over and then falls silent."""
        if not question.is_seen:
            return
        id, ledger = question.message_id.result(), self.deployment.ledger
        owner = f"rival:1:{question.name}"
        at = now()
        taken = await asyncio.to_thread(ledger.claim, id, owner, seconds)
        if taken is None:
            return
        self.wounds.counts["rival"] += 1
        epoch, seq = taken
        robbed = False
        while not robbed and now() < at + seconds * 0.8:
            await asyncio.sleep(seconds / 10)
            newest = await asyncio.to_thread(ledger.epoch, id)
            robbed = newest != epoch and now() < at + seconds
        self.wounds.rivals.setdefault(question.name, []).append(Rival(at, epoch, seq, robbed))

    async def _restart_postgres(self, crash: bool) -> None:
        postgres = self.deployment.postgres
        assert postgres is not None
        self.wounds.counts["postgres"] += 1
        began = now()
        await asyncio.to_thread(postgres.kill if crash else postgres.stop)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.start)
        self.wounds.pauses.append((began, now()))

    async def _restart_redis(self) -> None:
        redis = self.deployment.redis
        assert redis is not None
        self.wounds.counts["redis"] += 1
        await asyncio.to_thread(redis.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(redis.start)
