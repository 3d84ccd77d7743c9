"""Clients that check themselves: they know the answer beforehand, and write down all they see."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from urllib.parse import quote

from streaming.sse import Decoder
from tests.simulator import Script

from .chaos import FAIR, Streams, Weather
from .connection import SILENCE_S, Dropped, Response, request
from .histories import TERMINAL, GaveUp, History, Lost, Opened, Refused, StopAsked, Taken, now
from .replay import Showing

#: About how many bytes one answer comes to on the wire, by its tokens.
BYTES_A_TOKEN = 60


class Door(ABC):
    """Where a web process is reached: directly, or through its chaos proxy."""

    @property
    @abstractmethod
    def life(self) -> str:
        """Which life of which process answers there now."""

    @abstractmethod
    async def connect(self, weather: Weather) -> Streams:
        """Raises ``OSError`` while nobody answers."""


@dataclass
class Question:
    """What one person asks, and where the answer will be."""

    name: str
    script: Script
    token: str
    conversation: str
    doors: list[Door]
    seed: str
    #: How long a client that means to stay goes on trying, in seconds.
    deadline_s: float = 40.0
    histories: list[History] = field(default_factory=list)
    #: Known when the first asker has been answered; empty when none ever was.
    message_id: asyncio.Future[str] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def size(self) -> int:
        return self.script.tokens * BYTES_A_TOKEN

    @property
    def is_seen(self) -> bool:
        """Whether somebody has seen some of its text."""
        return any(any(f.event == "delta" for f in one.frames) for one in self.histories)


class Client:
    """One reader of one answer. Comes back after every drop, maybe through another door."""

    def __init__(self, question: Question, name: str, *, foul: float = 0.0) -> None:
        """``foul``: how likely each of its connections is to have bad weather."""
        self.question = question
        self.history = History(name)
        self.dice = random.Random(f"{question.seed} {name}")
        self.cursor = ""
        self.ended = False
        #: What was first seen to be wrong: it is known at once.
        self.wrong = ""
        #: Of all its connections, when it is not for the dice to say.
        self.weather: Weather | None = None
        self._foul = foul
        self._failures = 0
        self._showing = Showing(question.script.text())
        question.histories.append(self.history)

    # ----------------------------------------------------------------- what clients do
    async def ask(self) -> None:
        """Ask until an answer is on its way, always with the same key; then read it."""
        question = self.question
        path = f"/api/v1/conversations/{question.conversation}/messages"
        body = {"text": f"hi {question.script}"}
        headers = {
            "Accept": "text/event-stream",
            "Idempotency_Key": question.name.replace(" ", "/"),
        }
        await self._until_ended("POST", path, body, **headers)

    async def follow(self) -> None:
        """Read it from the client's cursor to the end."""
        await self._until_ended("GET")

    async def stop(self) -> None:
        """Stop it, through any door; asks again until it is answered."""
        id = await self.question.message_id
        began = now()
        while now() < began + self.question.deadline_s:
            door = self.dice.choice(self.question.doors)
            asked, life = now(), door.life
            try:
                response = await self._call(door, FAIR, "POST", f"/api/v1/messages/{id}/stop")
                answer = await response.body()
                response.close()
            except (OSError, Dropped):
                await self._rest()
                continue
            receipt = str(answer.get("receipt") or "")
            self._write(StopAsked(asked, now(), life, response.status, receipt))
            if response.status == 200:
                return
            await self._rest()

    async def peep(self, token: str) -> None:
        """Ask for it as somebody else."""
        id = await self.question.message_id
        door = self.dice.choice(self.question.doors)
        for method, path in (("GET", "/events"), ("GET", ""), ("POST", "/stop")):
            try:
                streams = await door.connect(FAIR)
                response = await request(streams, method, f"/api/v1/messages/{id}{path}", token)
            except (OSError, Dropped):
                continue
            self._write(Refused(now(), response.status))
            response.close()

    # ------------------------------------------------------------------------- how
    async def _until_ended(
        self, method: str, path: str = "", body: object = None, **headers: str
    ) -> None:
        until = now() + self.question.deadline_s
        while not self.ended:
            try:
                async with asyncio.timeout(until - now()):
                    await self._once(method, path, body, **headers)
            except TimeoutError:
                self._write(GaveUp(now(), f"no end in {self.question.deadline_s:g} s"))
                return
            if self.history.message_id:
                method, path, body, headers = "GET", "", None, {}
            if not self.ended:
                await self._rest()

    async def _once(self, method: str, path: str, body: object, **headers: str) -> None:
        """One connection, from any door, until it ends or is lost."""
        door = self.dice.choice(self.question.doors)
        weather = self.weather or FAIR
        if self.dice.random() < self._foul:
            weather = Weather.drawn(self.dice, self.question.size)
        after = None
        if method == "GET":
            id = await self.question.message_id
            self.history.message_id = id
            after = self.cursor
            path = f"/api/v1/messages/{id}/events?after={quote(after)}"
            headers = {"Accept": "text/event-stream"}
        life, why = door.life, ""
        try:
            # Nobody stays in bad weather for ever: they walk on, or try another network.
            async with asyncio.timeout(None if weather.is_fair else self.dice.uniform(0.3, 2)):
                response = await self._call(door, weather, method, path, body, **headers)
                try:
                    self._write(Opened(now(), life, after, response.status, weather.is_fair))
                    await self._read(response, life)
                finally:
                    response.close()
            self._failures = 0
        except TimeoutError:
            why = "tired of waiting"
        except (OSError, Dropped) as error:
            why = str(error) or type(error).__name__
            self._failures += 1
        self._write(Lost(now(), life, why))

    async def _call(
        self, door: Door, weather: Weather, method: str, path: str, body: object = None, **h: str
    ) -> Response:
        streams = await door.connect(weather)
        token = self.question.token
        return await request(streams, method, path, token, body, silence_s=SILENCE_S, **h)

    async def _read(self, response: Response, life: str) -> None:
        if response.status == 204:
            self.ended = True
            return
        if response.status != 200:
            await asyncio.sleep(float(response.headers.get("retry-after", "0.2")))
            return
        self._know(response.headers["x-message-id"])
        decoder = Decoder()
        async for piece in response.pieces():
            for frame in decoder.feed(piece):
                self.take(Taken(now(), life, frame.event, frame.id, frame.data))
            if self.ended:
                return

    def _know(self, message_id: str) -> None:
        self.history.message_id = message_id
        if not self.question.message_id.done():
            self.question.message_id.set_result(message_id)

    def take(self, frame: Taken) -> None:
        """Show one more frame."""
        self._write(frame)
        if frame.event == "reconnect":
            return
        self.cursor = frame.cursor
        self.wrong = self.wrong or self._showing.take(frame.event, frame.data)
        self.ended = frame.event in TERMINAL

    async def _rest(self) -> None:
        """Before it comes back: with jitter, and longer where nobody answers."""
        await asyncio.sleep(self.dice.uniform(0.02, 0.25) * min(4, 1 + self._failures))

    def _write(self, moment: object) -> None:
        self.history.moments.append(moment)  # type: ignore[arg-type]
