"""People who watch answers through whatever happens, and what can be said of them afterwards."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from tests.api.sites import MODELS
from tests.client import PATIENCE_S, Client, Reader, Stream
from tests.simulator import Script, Simulator

#: Seconds before one who was dropped comes back.
BACK_S = 0.1


class Watch(threading.Thread):
    """Reads an answer on a thread of its own, from whatever ``url`` says when it has to come back.

    ``drops`` counts the times it had to; ``longest_gap_s`` is the longest time without news.
    """

    def __init__(self, somebody: Client, script: Script, number: int) -> None:
        super().__init__(name=f"watch {script.id}", daemon=True)
        self.somebody = somebody
        self.script = script
        self.reader = Reader()
        self.drops = 0
        self.longest_gap_s = 0.0
        self.failure: BaseException | None = None
        self._heard_at = time.monotonic()
        self._back_s = BACK_S
        self._stream = asking(somebody, script, MODELS[number % 2])
        self.message = self._stream.message_id
        self.start()

    def run(self) -> None:
        try:
            while not self.reader.ended:
                self._read(self._stream)
                if not self.reader.ended:
                    self.drops += 1
                    self._stream = self._come_back()
        except BaseException as error:
            self.failure = error
            raise

    def _read(self, stream: Stream) -> None:
        try:
            for frame in stream.frames():
                now = time.monotonic()
                self.longest_gap_s = max(self.longest_gap_s, now - self._heard_at)
                self._heard_at = now
                self.reader.take(frame)
                if frame.event == "reconnect":
                    self._back_s = json.loads(frame.data)["retry_in_ms"] / 1000
        except (OSError, HTTPException):
            stream.close()

    def _come_back(self) -> Stream:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            time.sleep(self._back_s)
            self._back_s = BACK_S
            try:
                stream = self.somebody.follow(self.message, self.reader.cursor)
                if stream.status == 200:
                    return stream
                assert stream.status in (502, 503, 504), stream.status
                stream.close()
            except (OSError, HTTPException):
                assert time.monotonic() < deadline, f"nobody answers at {self.somebody.port}"

    @property
    def text(self) -> str:
        return self.reader.text

    def until(self, enough: Callable[[Watch], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not enough(self):
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, f"it stands at {len(self.text)} characters"
            time.sleep(0.01)

    def assert_whole(self, simulator: Simulator, calls: int | None = 1) -> None:
        """It has read the answer to the end: all of it, and nothing else."""
        self.join(PATIENCE_S)
        assert self.failure is None, self.failure
        assert not self.is_alive(), f"it stands at {len(self.text)} characters"
        assert self.reader.fold.status == "done", self.reader.fold.status
        assert self.text == self.script.text()
        assert self.somebody.message(self.message)["parts"][0]["text"] == self.text
        if calls is not None:
            assert len(simulator.calls(script=self.script.id)) == calls


def asking(somebody: Client, script: Script, model: str = MODELS[0]) -> Stream:
    """Asks with a key that belongs to the script: again and again, it is one answer."""
    key = {"Idempotency-Key": "key-" + script.id.replace(" ", "-")}
    stream = somebody.ask(somebody.conversation(model=model), f"hi {script}", key)
    assert stream.status == 200, stream.status
    return stream


def watching(somebody: Client, name: str, count: int, *, tokens: int, tps: float) -> list[Watch]:
    """So many answers on their way, each watched; all have said something already."""
    scripts = [
        Script(id=f"{name} {n}", tokens=tokens, tps=tps, alphabet="hostile", seed=n)
        for n in range(count)
    ]
    with ThreadPoolExecutor(4) as pool:
        watches = list(pool.map(lambda one: Watch(somebody, one, one.seed), scripts))
    for watch in watches:
        watch.until(lambda one: len(one.text) > 20)
    return watches
