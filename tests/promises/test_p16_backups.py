"""P16: a backup that was taken while answers streamed opens, and keeps every promise."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from streaming.events import decode
from streaming.fold import fold
from tests.api.database import log, rows, stored_text
from tests.api.sites import assert_sound, people, site_with
from tests.client import Client
from tests.services import Postgres
from tests.simulator import Simulator
from tests.site import Site
from tests.storage.watching import Watch, watching

ANSWERS = 8
BACKUPS = 3


@pytest.fixture
def site(simulator: Simulator) -> Iterator[Site]:
    with site_with(simulator) as site:
        yield site


@contextmanager
def restored(copy: Path, site: Site, directory: Path) -> Iterator[Site]:
    """A server on the copy, as the manual has it: the file put where the database was."""
    directory.mkdir()
    copy.rename(directory / "unbroken.sqlite3")
    other = Site(directory, site.environment | {"DATA_DIR": str(directory)})
    began = time.monotonic()
    other.start()
    print(f"a server on the copy serves after {time.monotonic() - began:.1f} s")
    try:
        yield other
        assert_sound(other)
    finally:
        other.kill()


def assert_consistent(site: Site, seen: dict[str, str]) -> None:
    """What the copy holds, before any server has touched it."""
    everything = rows(site, "SELECT key, state, epoch, last_seq FROM streaming_generation")
    assert {str(UUID(key)) for key, *_ in everything} >= set(seen)
    for key, state, epoch, last_seq in everything:
        id = str(UUID(key))
        entries = log(site, id)
        assert [seq for seq, _, _ in entries] == list(range(1, len(entries) + 1))
        told = fold(decode(name, data) for _, name, data in entries)
        assert epoch == 1
        if told.terminal is None:
            assert (state, last_seq) == ("running", None)
        else:
            assert (state, last_seq) == (told.status, len(entries))
        if id in seen:
            assert stored_text(site, id).startswith(seen[id])


def test_what_was_seen_before_is_in_it_and_what_ran_is_finished(
    site: Site, simulator: Simulator, tmp_path: Path
) -> None:
    (alice,) = people(site)
    done = watching(alice, "done before", 2, tokens=30, tps=0)
    watches = watching(alice, "in the backup", ANSWERS, tokens=500, tps=40)
    copies = []
    for number in range(BACKUPS):
        seen = {one.message: one.text for one in [*done, *watches]}
        path = tmp_path / f"copy-{number}"
        began = time.monotonic()
        site.manage("backup", str(path))
        print(f"a backup under load took {time.monotonic() - began:.1f} s")
        copies.append((path, seen))
    assert any(one.is_alive() for one in watches), "every answer had ended before the last backup"
    for one in watches:
        one.assert_whole(simulator)
        assert one.drops == 0
    site.kill()
    for number, (path, seen) in enumerate(copies):
        lone = Site(tmp_path / f"lone-{number}", {})
        lone.data_dir.mkdir()
        (lone.data_dir / "unbroken.sqlite3").write_bytes(path.read_bytes())
        assert_consistent(lone, seen)
    path, seen = copies[1]
    with restored(path, site, tmp_path / "restored") as copy:
        assert_finished(copy, alice, [*done, *watches], seen)


def assert_finished(copy: Site, alice: Client, watches: list[Watch], seen: dict[str, str]) -> None:
    """A server on the copy has gone on with what ran, and a cursor of before leads into it."""
    bob = Client(copy.url, alice.token)
    for one in watches:
        before = seen[one.message]
        deadline = time.monotonic() + 60
        while (message := bob.message(one.message))["status"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert message["status"] == "done"
        assert message["parts"][0]["text"] == one.script.text()
        assert one.script.text().startswith(before)


def test_a_dump_of_postgresql_is_restored_and_what_ran_is_finished(
    postgres: Postgres, database_url: str, simulator: Simulator, tmp_path: Path
) -> None:
    Site(tmp_path, {"DATABASE_URL": database_url}).manage("migrate", "--verbosity", "0")
    with site_with(simulator, DATABASE_URL=database_url) as site:
        alice = site.person("alice")
        watches = watching(alice, "in the dump", 3, tokens=300, tps=40)
        seen = {one.message: one.text for one in watches}
        site.manage("backup", str(tmp_path / "dump"))
        for one in watches:
            one.assert_whole(simulator)
    with postgres.database() as url:
        restore = ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}"]
        subprocess.run([*restore, tmp_path / "dump"], check=True)
        settings = site.environment | {"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}
        copy = Site(tmp_path, settings)
        copy.start()
        try:
            assert_finished(copy, alice, watches, seen)
            assert_sound(copy)
        finally:
            copy.kill()
