"""SQLite locked, full, gone: answers wait, readers stay, requests are told; nobody restarts it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.api.database import stored_text
from tests.api.problems import assert_problem
from tests.api.sites import Somebody, assert_sound, people, site_with, strangers
from tests.client import Answer
from tests.simulator import Script, Simulator
from tests.site import Site

from .faults import Fault, Humble, full, gone, locked, read_only, small_disk
from .watching import Watch, watching

#: How long a fault lasts. A lock has to outlast the patience of a request.
LONG_S: dict[Fault, float] = {locked: 7.0, full: 3.0, gone: 3.0}
#: What a browser sends; whose session it is, the database knows.
SIGNED_IN = {"Cookie": "sessionid=" + "a" * 32}


@pytest.fixture(scope="module")
def site(simulator: Simulator) -> Iterator[Site]:
    with site_with(simulator) as site:
        yield site


@pytest.fixture
def alice(site: Site) -> Somebody:
    (alice,) = people(site)
    assert alice.call("GET", "/api/v1/conversations").status == 200
    return alice


def until_it_stands_still(site: Site, watch: Watch) -> str:
    """What is stored when nothing more can be; and nobody is shown more than that."""
    before, stored = "", "-"
    while stored != before:
        time.sleep(0.3)
        before, stored = stored, stored_text(site, watch.message)
    return stored


def is_told_to_come_again(answer: Answer) -> bool:
    assert_problem(answer, 503)
    assert "moment" in answer.json["detail"]
    return int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("fault", [locked, full, gone])
def test_answers_and_readers_wait_and_requests_are_told(
    site: Site, alice: Somebody, simulator: Simulator, fault: Fault
) -> None:
    name = fault.__name__
    watches = watching(alice, f"wait {name}", 3, tokens=300, tps=60)
    conversation = alice.conversation()
    pid = site.process and site.process.pid
    script = Script(id=f"asked while the file is {name}", tokens=10)
    question, key = {"text": f"hi {script}"}, {"Idempotency-Key": name}
    path = f"/api/v1/conversations/{conversation}/messages"
    with fault(site):
        began = time.monotonic()
        stored = "" if fault is gone else until_it_stands_still(site, watches[0])
        assert is_told_to_come_again(alice.call("POST", path, question, key))
        if fault is gone:
            assert is_told_to_come_again(alice.call("GET", "/api/v1/conversations"))
            assert_problem(alice.call("GET", "/readyz"), 503)
        else:
            assert alice.call("GET", "/api/v1/conversations").status == 200
            assert watches[0].text == stored == stored_text(site, watches[0].message)
        assert alice.call("GET", "/healthz").status == 200
        page = alice.call("GET", "/settings/", headers=SIGNED_IN)
        assert page.status in ((503,) if fault is gone else (302, 404))
        time.sleep(max(0.0, LONG_S[fault] - (time.monotonic() - began)))
        assert not any(simulator.calls(script=script.id))
    answer = alice.call("POST", path, question, key)
    while answer.status == 503:  # the key makes it safe
        time.sleep(float(answer.headers["retry-after"]))
        answer = alice.call("POST", path, question, key)
    assert answer.json["parts"][0]["text"] == script.text()
    for watch in watches:
        watch.assert_whole(simulator)
        assert watch.drops == 0
    assert len(simulator.calls(script=script.id)) == 1
    assert site.process
    assert (site.process.pid, site.process.poll()) == (pid, None)


def test_a_page_says_it_in_words(site: Site) -> None:
    (alice,) = people(site)
    alice.token = ""
    with gone(site):
        answer = alice.call("GET", "/accounts/login/", headers=SIGNED_IN)
        assert answer.status == 503
        assert answer.headers["content-type"].startswith("text/html")
        assert "retry-after" in answer.headers
        assert b"try again soon" in answer.body
        part = alice.call(
            "GET",
            "/accounts/login/",
            headers=SIGNED_IN | {"HX-Request": "true"},
        )
        assert (part.status, part.headers["hx-reswap"], part.body) == (503, "none", b"")


def test_what_was_shown_before_the_disk_was_full_survives_a_crash(
    simulator: Simulator,
) -> None:
    script = Script(id="full and killed", tokens=1500, tps=400, alphabet="hostile")
    with site_with(simulator) as site, small_disk(site) as fault:
        alice = people(site)[0]
        watch = Watch(alice, script, 0)
        watch.until(lambda one: len(one.text) > 200)
        with fault(site):
            until_it_stands_still(site, watch)
            time.sleep(3.5)  # longer than its lease
            assert not watch.reader.ended
            seen = watch.text
            assert stored_text(site, watch.message).startswith(seen)
            site.kill()
        assert stored_text(site, watch.message).startswith(seen)
        site.start()
        alice.port = Somebody(site.url, "", "").port
        watch.assert_whole(simulator, calls=None)


def test_a_full_disk_that_has_room_again_is_written_to(simulator: Simulator) -> None:
    with site_with(simulator) as site, small_disk(site) as fault:
        (alice,) = people(site)
        watches = watching(alice, "full disk", 3, tokens=800, tps=200)
        with fault(site):
            until_it_stands_still(site, watches[0])
            time.sleep(1)
        for watch in watches:
            watch.assert_whole(simulator)
            assert watch.drops == 0


def test_it_ends_in_time_and_what_ran_is_finished_by_the_next(simulator: Simulator) -> None:
    with site_with(simulator) as site:
        (alice,) = people(site)
        watches = watching(alice, "ends while locked", 2, tokens=200, tps=40)
        with locked(site):
            until_it_stands_still(site, watches[0])
            assert site.process is not None
            site.process.terminate()
            assert site.process.wait(20) == 0
        assert "left to their leases" in site.complaints
        site.errors.clear()  # it is an error that somebody should hear of
        site.start()
        alice.port = Somebody(site.url, "", "").port
        for watch in watches:
            watch.assert_whole(simulator, calls=None)


def test_a_server_that_starts_on_a_read_only_database_serves_and_heals(
    simulator: Simulator,
) -> None:
    script = Script(id="read only", tokens=10)
    with site_with(simulator) as made:
        made.kill()
        site = Humble(made.data_dir, made.environment)
        strangers[site.data_dir] = strangers[made.data_dir]
        question = {"text": f"hi {script}"}
        with read_only(site):
            site.start()
            (alice,) = people(site)
            assert_problem(alice.call("POST", "/api/v1/conversations", {}), 503)
            assert alice.call("GET", "/healthz").status == 200
        conversation = alice.conversation()
        answer = alice.call("POST", f"/api/v1/conversations/{conversation}/messages", question)
        assert answer.json["parts"][0]["text"] == script.text()
        assert_sound(site)
        site.kill()
