"""`manage.py backup`: a whole copy, or none and the reason; never over something that is there."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.services import Postgres, database_name
from tests.site import ROOT, Site

#: Makes an account that nobody can sign in to.
MADE = "from conversations.models import Person; Person.objects.create(username='alice')"
ALICE = ("shell", "--no-imports", "-c", MADE)


def backup(site: Site, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "backup", str(path)],
        cwd=ROOT,
        env=site.environment | environment,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("site"), {})
    site.manage("migrate", "--verbosity", "0")
    return site


def people(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT username FROM conversations_person ORDER BY id")
        return [name for (name,) in names]


def test_it_writes_a_database_that_only_its_owner_reads(site: Site, tmp_path: Path) -> None:
    site.manage(*ALICE)
    path = tmp_path / "copy of it #1.sqlite3"
    done = backup(site, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(path) in done.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [path.name]
    assert people(path) == ["alice"]


def test_it_overwrites_nothing(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("mine")
    done = backup(site, path)
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert path.read_text() == "mine"
    (dangling := tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "is there already" in backup(site, dangling).stderr
    assert sorted(os.listdir(tmp_path)) == ["link", "there"]
    for no_file in (".", "/"):
        done = backup(site, Path(no_file))
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert "is a directory" in done.stderr


def test_it_leaves_nothing_where_it_could_not(site: Site, tmp_path: Path) -> None:
    done = backup(site, tmp_path / "no such directory" / "copy")
    assert done.returncode == 1
    assert "There is no backup" in done.stderr
    assert "Traceback" not in done.stderr
    absent = f"sqlite:///{tmp_path / 'absent.sqlite3'}"
    done = backup(site, tmp_path / "copy", DATABASE_URL=absent)
    assert done.returncode == 1
    assert "There is no backup" in done.stderr
    assert os.listdir(tmp_path) == []


def test_it_says_that_the_database_is_damaged(site: Site, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.sqlite3"
    whole = bytearray((site.data_dir / "unbroken.sqlite3").read_bytes())
    whole[8192:12288] = bytes(range(256)) * 16
    damaged.write_bytes(whole)
    done = backup(site, tmp_path / "copy", DATABASE_URL=f"sqlite:///{damaged}")
    assert done.returncode == 1
    assert "There is no backup" in done.stderr
    assert not (tmp_path / "copy").exists()


@pytest.fixture
def on_postgres(database_url: str, tmp_path: Path) -> Site:
    site = Site(tmp_path, {"DATABASE_URL": database_url})
    site.manage("migrate", "--verbosity", "0")
    site.manage(*ALICE)
    return site


def test_it_dumps_postgresql_for_pg_restore(
    on_postgres: Site, postgres: Postgres, tmp_path: Path
) -> None:
    path = tmp_path / "copy.dump"
    done = backup(on_postgres, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    with postgres.database() as url:
        subprocess.run(
            ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(path)],
            check=True,
        )
        assert database_name(url)
        restored = Site(tmp_path, {"DATABASE_URL": url})
        script = "from conversations.models import Person; print(*Person.objects.all())"
        assert restored.manage("shell", "--no-imports", "-c", script) == "alice"

    done = backup(on_postgres, tmp_path / "other", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "pg_dump is not installed" in done.stderr
    assert "postgresql-client" in done.stderr
    assert not (tmp_path / "other").exists()


def test_it_says_why_postgresql_gave_nothing(on_postgres: Site, tmp_path: Path) -> None:
    nowhere = "postgres://unbroken@127.0.0.1:1/nothing"
    done = backup(on_postgres, tmp_path / "copy", DATABASE_URL=nowhere)
    assert done.returncode == 1
    assert "There is no backup. pg_dump said" in done.stderr
    assert not (tmp_path / "copy").exists()
