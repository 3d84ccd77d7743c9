"""Rounds: several answers at once under one plan, played on a deployment and judged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.api.sites import MODELS

from .chaos import FAIR, Weather
from .checker import Violation, check
from .clients import Client, Question
from .connection import Dropped, request
from .deployment import Deployment
from .evidence import Run, Stored, Upstream
from .histories import TERMINAL, now
from .nemesis import Nemesis, Wounds
from .plans import STRANGE_CURSORS, Asked, Plan, Role

#: What no process may say, whatever befalls it.
BROKEN = re.compile(r"Traceback|never awaited|was never retrieved")
#: The pace of one who crawls.
CRAWL = Weather(bytes_per_s=1)


@dataclass
class Verdict:
    """What came of a round."""

    plan: Plan
    runs: list[Run] = field(default_factory=list)
    wounds: Wounds = field(default_factory=Wounds)
    violations: list[Violation] = field(default_factory=list)


async def play(deployment: Deployment, plan: Plan) -> Verdict:
    """Play the plan to its end; everything runs again afterwards."""
    await asyncio.to_thread(deployment.simulator.clear)
    said = len(deployment.said)
    questions = await asyncio.gather(
        *(_question(deployment, plan, asked, number) for number, asked in enumerate(plan.answers))
    )
    nemesis = Nemesis(deployment, questions)
    watching = asyncio.create_task(nemesis.watch())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.strike(plan.strokes))
            for asked, question in zip(plan.answers, questions, strict=True):
                group.create_task(_perform(asked, question, deployment))
        runs = await _collect(deployment, plan, questions, nemesis.wounds)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    violations = [violation for run in runs for violation in check(run)]
    if found := BROKEN.search(deployment.said, said):
        words = deployment.said[max(said, found.start() - 200) : found.end() + 2000]
        violations.append(Violation("P16", plan.seed, f"a server said: {words}"))
    return Verdict(plan, runs, nemesis.wounds, violations)


async def _question(deployment: Deployment, plan: Plan, asked: Asked, number: int) -> Question:
    """A conversation of its own for every answer."""
    token = deployment.tokens[number % (len(deployment.tokens) - 1)]
    body = {"model": MODELS[asked.model]}
    while True:
        for web in deployment.webs:
            try:
                response = await request(
                    await web.connect(FAIR), "POST", "/api/v1/conversations", token, body
                )
                answer = await response.body()
                response.close()
            except (OSError, Dropped):
                continue
            if response.status == 201:
                return Question(
                    name=asked.script.id,
                    script=asked.script,
                    token=token,
                    conversation=answer["id"],
                    doors=[*deployment.webs],
                    seed=f"{plan.seed} {asked.script.id}",
                    deadline_s=plan.deadline_s,
                )
        await asyncio.sleep(0.1)


async def _perform(asked: Asked, question: Question, deployment: Deployment) -> None:
    """Every client of one answer, from when it comes until it leaves."""
    await asyncio.sleep(asked.comes)
    roles = list(enumerate(asked.roles))
    async with asyncio.TaskGroup() as group:
        asking = [
            group.create_task(_ask(role, number, question))
            for number, role in roles
            if role.kind == "asker"
        ]
        for number, role in roles:
            if role.kind not in ("asker", "returner"):
                group.create_task(_act(role, number, question, deployment))
        await asyncio.wait(asking)
        if not question.message_id.done():
            question.message_id.set_result("")
    for number, role in roles:
        if role.kind == "returner":
            await _return(Client(question, f"returner {number}", foul=role.foul))


async def _ask(role: Role, number: int, question: Question) -> None:
    await asyncio.sleep(role.comes)
    client = Client(question, f"asker {number}", foul=role.foul)
    asking = asyncio.create_task(client.ask())
    if role.leaves:
        either: list[asyncio.Future[Any]] = [question.message_id, asking]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([asking], timeout=role.leaves)
        asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking


async def _act(role: Role, number: int, question: Question, deployment: Deployment) -> None:
    id = await question.message_id
    await asyncio.sleep(role.comes)
    if not id:
        return
    client = Client(question, f"{role.kind} {number}", foul=role.foul)
    match role.kind:
        case "follower":
            await _until(role.leaves, client.follow())
        case "crawler":
            client.weather = CRAWL
            await _until(role.leaves, client.follow())
        case "guesser":
            cursor = role.cursor or client.dice.choice(STRANGE_CURSORS)
            client.cursor = cursor.format(prefix=id.replace("-", "")[-12:])
            await client.follow()
        case "stopper":
            await client.stop()
        case "stranger":
            await client.peep(deployment.tokens[-1])


async def _until(seconds: float, work: Awaitable[None]) -> None:
    """For good, or until it leaves."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds or None):
            await work


async def _return(client: Client) -> None:
    """Come back with what another client had at some time, as a page that was kept open does."""
    others = [one for one in client.question.histories if one is not client.history]
    frames = list(max(others, key=lambda one: len(one.moments)).frames)
    for frame in frames[: client.dice.randint(0, len(frames))]:
        client.take(frame)
    if not client.ended and await client.question.message_id:
        await client.follow()


async def _collect(
    deployment: Deployment, plan: Plan, questions: list[Question], wounds: Wounds
) -> list[Run]:
    """Wait until everything has ended, then gather what is known of each answer."""
    ids = [question.conversation for question in questions]
    until = now() + plan.settle_s
    while True:
        stored = await asyncio.to_thread(deployment.ledger.read, ids)
        calls = await asyncio.to_thread(deployment.simulator.calls)
        answers = [answer for found in stored.values() for answer in found]
        settled = all(answer.state in TERMINAL for answer in answers)
        if (settled and all(call["ended"] for call in calls)) or now() > until:
            break
        await asyncio.sleep(0.05)
    stored = await _read_again(deployment, questions, stored)
    runs = []
    for asked, question in zip(plan.answers, questions, strict=True):
        found = stored.get(question.conversation, [])
        run = Run(
            name=question.name,
            script=asked.script,
            histories=question.histories,
            stored=found[0] if found else None,
            answers=[answer.message_id for answer in found],
            calls=[Upstream.of(call) for call in calls if call["script"] == asked.script.id],
            autopsies=wounds.autopsies,
            rivals=wounds.rivals.get(question.name, []),
            pauses=wounds.pauses,
            deaths=wounds.deaths,
            ended_early=wounds.ended_early,
            patience=deployment.patience_s,
            closed=now(),
        )
        runs.append(run)
    return runs


async def _read_again(
    deployment: Deployment, questions: list[Question], stored: dict[str, list[Stored]]
) -> dict[str, list[Stored]]:
    """The same after a person has looked at each: what a crash kept from being folded is healed."""
    for question in questions:
        answers = stored.get(question.conversation, [])
        if any(answer.parts is None for answer in answers):
            web, path = deployment.webs[0], f"/api/v1/messages/{answers[0].message_id}"
            response = await request(await web.connect(FAIR), "GET", path, question.token)
            await response.body()
            response.close()
    ids = [question.conversation for question in questions]
    return await asyncio.to_thread(deployment.ledger.read, ids)
