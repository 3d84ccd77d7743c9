"""Faults of the storage, each as it happens to people; undone at the end of the block."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from tests.site import Site

Fault = Callable[[Site], AbstractContextManager[None]]


def database(site: Site) -> Path:
    return site.data_dir / "unbroken.sqlite3"


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Another process holds the write lock and does not let go."""
    with closing(sqlite3.connect(database(site), isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(site: Site) -> Iterator[None]:
    """No file can grow, and nothing that is there be written again: as on a full quota."""
    assert site.process is not None
    pid = site.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        if site.process is not None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def small_disk(site: Site) -> Iterator[Fault]:
    """The site's data on a disk of its own, and what fills that one up.

    Where the tests may not mount one it stays where it is, and what comes is :func:`full`.
    """
    site.kill()
    files = {path.name: path.read_bytes() for path in site.data_dir.iterdir() if path.is_file()}
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(site.data_dir)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        for name, content in files.items():
            (site.data_dir / name).write_bytes(content)
        site.start()
        yield _filled if is_mounted else full
    finally:
        site.kill()
        if is_mounted:
            subprocess.run(["umount", "--lazy", site.data_dir], check=True)


@contextmanager
def _filled(site: Site) -> Iterator[None]:
    """The disk has no room."""
    filler = site.data_dir / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def gone(site: Site) -> Iterator[None]:
    """Somebody has moved the database file away."""
    away = database(site).with_suffix(".away")
    database(site).rename(away)
    try:
        yield
    finally:
        assert not database(site).exists(), "an empty database was made in its place"
        away.rename(database(site))


@contextmanager
def read_only(site: Site) -> Iterator[None]:
    """The database may be read but not written, by whoever opens it from now on."""
    database(site).chmod(0o444)
    try:
        yield
    finally:
        for path in site.data_dir.glob("unbroken.sqlite3*"):  # what is beside it has its mode
            path.chmod(0o644)


class Humble(Site):
    """Obeys the permissions of files, even where the tests are run by root."""

    def _command(self) -> list[str]:
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            return super()._command()
        lost = "-dac_override,-dac_read_search"
        return ["setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}", *super()._command()]
