"""P7: every answer ends; one whose process died is finished by another, or by its next start.

How long that took is printed: within 2 s of the restart, within 5 s of the death where another
process runs.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.database import log, rows
from tests.api.sites import MODELS, OPENAI, Somebody, founded, people, site_with
from tests.client import Reader, Stream
from tests.cluster.cluster import Cluster, cluster
from tests.simulator import Script, Simulator
from tests.site import Site


@pytest.fixture(scope="module")
def mortal(simulator: Simulator) -> Iterator[Site]:
    with site_with(simulator) as site:
        yield site


@dataclass
class Begun:
    """An answer that has said something, and who reads it."""

    conversation: str
    script: Script
    stream: Stream
    reader: Reader

    @property
    def id(self) -> str:
        return self.stream.message_id

    def read(self, characters: int) -> None:
        """Until it says so much more."""
        wanted = len(self.reader.text) + characters
        for frame in self.stream.frames():
            self.reader.take(frame)
            if len(self.reader.text) >= wanted:
                return
        raise AssertionError("it ended before")

    def goes_on(self) -> bool:
        """Read until another run says something; ``False`` when none was needed."""
        for frame in self.stream.frames():
            self.reader.take(frame)
            if frame.event == "delta" and len(attempts(self)) > 1:
                return True
        return False


def slow(times: int = 1, tokens: int = 800, **fields: Any) -> Script:
    """Time to see what happens to it; the calls that go on with it are as fast as can be."""
    return Script(id=uuid4().hex, tokens=tokens, by_call=({"tps": 40},) * times, **fields)


def begin(alice: Somebody, script: Script, model: str = OPENAI, characters: int = 60) -> Begun:
    conversation = alice.conversation(model=model)
    begun = Begun(conversation, script, alice.ask(conversation, f"hi {script}"), Reader())
    if characters:
        begun.read(characters)
    return begun


def started(site: Site, alice: Somebody) -> Somebody:
    site.start()
    return Somebody(site.url, alice.token, alice.username)


def attempts(begun: Begun) -> list[int]:
    frames = [frame for frame in begun.reader.frames if frame.event == "started"]
    return [json.loads(frame.data)["attempt"] for frame in frames]


def assert_whole(site: Site, alice: Somebody, begun: Begun) -> None:
    """It ends as if nothing had been, for who read it all along and for who asks now."""
    alice.resume(begun.id, begun.reader)
    assert begun.reader.fold.status == "done"
    assert begun.reader.text == begun.script.text()
    message = alice.message(begun.id)
    assert message["status"] == "done"
    assert "".join(part["text"] for part in message["parts"]) == begun.script.text()
    assert message["attempts"] == attempts(begun)[-1] == len(attempts(begun))
    assert [name for _, name, _ in log(site, begun.id)].count("done") == 1


SEAMS: dict[str, dict[str, Any]] = {
    "exactly": {},
    "with an overlap": {"overlap": 45},
    "with a remark": {"overlap": 45, "preamble": "Sure, here is the rest:\n\n"},
    "all over": {"resume": "again"},
    "in code": {"alphabet": "markdown", "fence": True, "overlap": 60},
}


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_ran_when_the_process_ended_is_finished_by_the_next(
    mortal: Site, simulator: Simulator, end: str
) -> None:
    (alice,) = people(mortal)
    ran = [
        begin(alice, slow(seed=n, **how), model)
        for n, how in enumerate(SEAMS.values())
        for model in MODELS
    ]
    if end == "kill":
        mortal.kill()
    else:
        assert mortal.stop() == 0
    for begun in ran:
        begun.stream.close()
    began = time.monotonic()
    alice = started(mortal, alice)
    first = ran[0]
    first.stream = alice.follow(first.id, first.reader.cursor)
    first.read(1)
    print(f"a new token {time.monotonic() - began:.1f} s after the restart")
    for begun in ran:
        begun.stream.close()
        assert_whole(mortal, alice, begun)
        assert attempts(begun) == [1, 2]
        assert alice.message(begun.id)["usage"]["exact"] is False
        assert len(simulator.calls(script=begun.script.id)) == 2


def test_one_that_had_said_nothing_is_begun_again(mortal: Site, simulator: Simulator) -> None:
    (alice,) = people(mortal)
    script = Script(id=uuid4().hex, fault="silent", times=1)
    begun = begin(alice, script, characters=0)
    simulator.wait_for("open", script=script.id)
    mortal.kill()
    begun.stream.close()
    alice = started(mortal, alice)
    assert_whole(mortal, alice, begun)


def test_one_that_was_stopped_meanwhile_is_stopped(mortal: Site, simulator: Simulator) -> None:
    """The stop is in the database, and nobody lives who could obey it."""
    (alice,) = people(mortal)
    begun = begin(alice, Script(id=uuid4().hex, fault="endless", tps=100))
    mortal.kill()
    begun.stream.close()
    mortal.manage(
        "shell",
        "--no-imports",
        "-c",
        "from streaming import generations; from streaming.models import Generation\n"
        f"generations.stop(Generation.objects.get(key='{begun.id}'))",
    )
    alice = started(mortal, alice)
    alice.resume(begun.id, begun.reader)
    assert begun.reader.fold.status == "stopped"
    assert len(simulator.calls(script=begun.script.id)) == 1


def test_a_call_that_goes_on_without_us_is_read_on(simulator: Simulator) -> None:
    """OpenAI's background mode: no seam, one call, its own account."""
    with site_with(simulator, OPENAI_BACKGROUND="true") as site:
        (alice,) = people(site)
        begun = begin(alice, slow())
        site.kill()
        begun.stream.close()
        alice = started(site, alice)
        assert_whole(site, alice, begun)
        assert attempts(begun) == [1, 2]
        usage = alice.message(begun.id)["usage"]
        assert (usage["exact"], usage["output_tokens"]) == (True, begun.script.tokens)


def test_three_deaths_are_enough_and_a_person_may_continue(mortal: Site) -> None:
    (alice,) = people(mortal)
    begun = begin(alice, slow(times=3))
    for _ in range(3):
        mortal.kill()
        begun.stream.close()
        alice = started(mortal, alice)
        begun.stream = alice.follow(begun.id, begun.reader.cursor)
        if len(attempts(begun)) < 3:
            begun.read(20)
    # What was read along with the last 20 characters, perhaps the end itself, is read again.
    begun.stream.close()
    alice.resume(begun.id, begun.reader)
    assert begun.reader.fold.status == "incomplete"
    message = alice.message(begun.id)
    assert (message["status"], message["reason"]) == ("incomplete", "interrupted")
    assert message["parts"][0]["text"] == begun.reader.text
    again = alice.call("POST", f"/api/v1/messages/{begun.id}/continue")
    assert (again.status, again.json["status"]) == (200, "done")
    assert again.json["parts"][0]["text"] == begun.script.text()


def test_a_person_decides_where_that_is_wanted(simulator: Simulator) -> None:
    with site_with(simulator, ON_CRASH="ask") as site:
        (alice,) = people(site)
        begun = begin(alice, slow())
        site.kill()
        begun.stream.close()
        alice = started(site, alice)
        alice.resume(begun.id, begun.reader)
        assert begun.reader.fold.status == "incomplete"
        assert len(simulator.calls(script=begun.script.id)) == 1


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_another_worker_goes_on_and_who_reads_notices_nothing(
    simulator: Simulator, end: str
) -> None:
    directory, crowd = founded()
    with TemporaryDirectory(prefix="unbroken-cluster-") as name:
        shutil.copytree(directory, name, dirs_exist_ok=True)
        with cluster(simulator, crowd, webs=1, workers=2, data_dir=Path(name)) as many:
            (web,) = many.person()
            alice = Somebody(many.webs[0].url, web.token, "somebody")
            ran = [begin(alice, slow(seed=n, tokens=400), m) for n, m in enumerate(MODELS)]
            worker = who_runs(many, ran[0])
            began = time.monotonic()
            if end == "kill":
                worker.kill()
            else:
                assert worker.stop() == 0
            assert ran[0].goes_on()
            print(f"a new token {time.monotonic() - began:.1f} s after its worker's end")
            for begun in ran:
                begun.stream.into(begun.reader)
                assert_whole(many.webs[0], alice, begun)
            many.assert_sound()


def who_runs(many: Cluster, begun: Begun) -> Site:
    query = "SELECT lease_owner FROM streaming_generation WHERE key = ?"
    ((owner,),) = rows(many.webs[0], query, UUID(begun.id).hex)
    pid = int(owner.split(":")[1])
    return next(one for one in many.workers if one.process and one.process.pid == pid)
