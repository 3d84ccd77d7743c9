"""What is tested on SQLite, in this process, holds on PostgreSQL as well."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.site import ROOT

#: They hold SQLite's own lock.
SQLITE_ALONE = "not locked"
#: The threads of the run keep their connections to its end; the database goes with the cluster.
KEPT = "ignore:Error when trying to teardown test databases"


def test_the_log_keeps_its_contract(database_url: str) -> None:
    """A run of its own, since Django knows one database from start to end."""
    options = ["-q", "-p", "no:cacheprovider", "-k", SQLITE_ALONE, "-W", KEPT]
    tests = [
        "tests/log/test_database_log.py",
        "tests/log/test_deleting.py",
        "tests/log/test_following.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=ROOT,
        env={**os.environ, "UNBROKEN_TEST_DATABASE": database_url},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
