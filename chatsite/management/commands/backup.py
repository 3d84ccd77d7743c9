"""A consistent copy of the database, made while it is used."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import connection

CLIENT = "It comes with PostgreSQL's client (Debian, Ubuntu: postgresql-client)."


class Command(BaseCommand):
    help = (
        "Write a consistent copy of the database to PATH while it is used, and check it. SQLite: a"
        " database file; PostgreSQL: what pg_restore reads. Nothing is ever overwritten. The"
        " secret key is not in it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a file that is not there yet")

    def handle(self, *, path: Path, **options: Any) -> None:
        if not path.name:
            raise CommandError(f"{path} is a directory. Name a file that is not there yet.")
        copy = {"sqlite": copy_sqlite, "postgresql": copy_postgres}[connection.vendor]
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            if os.path.lexists(path):
                raise FileExistsError
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                copy(partial)
                keep(partial, path)
            finally:
                partial.unlink(missing_ok=True)
        except FileExistsError as error:
            raise CommandError(f"{path} is there already, and nothing is overwritten.") from error
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"There is no backup: {error}") from error
        print(f"{path} ({path.stat().st_size:,} bytes)")


def copy_sqlite(target: Path) -> None:
    """One read transaction, which lets the writer write. (In steps, the copy would begin anew with
    every commit of somebody else's, and never end where there is always one.)"""
    name = Path(connection.settings_dict["NAME"]).absolute()
    source = sqlite3.connect(f"{name.as_uri()}?mode=ro", uri=True, timeout=20)
    with closing(source), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    # Immutable, or the check would leave files beside it.
    checked = sqlite3.connect(f"{target.absolute().as_uri()}?immutable=1", uri=True)
    with closing(checked):
        verdict = checked.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise CommandError(f"There is no backup, for the database itself is damaged: {verdict}")


def copy_postgres(target: Path) -> None:
    """As of one moment, in pg_dump's own compressed format; then read once from end to end."""
    arguments, environment = connection.client.settings_to_cmd_args_env(
        connection.settings_dict, []
    )
    dump = ["pg_dump", "--format=custom", "--no-password", f"--file={target}"]
    _run([*dump, *arguments[1:]], environment)
    _run(["pg_restore", f"--file={os.devnull}", str(target)])


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise CommandError(f"There is no backup: {command[0]} is not installed. {CLIENT}")
    done = subprocess.run(  # noqa: S603 - our own words, and no shell
        [program, *command[1:]],
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"There is no backup. {command[0]} said: {done.stderr.strip()}")


def keep(partial: Path, path: Path) -> None:
    """Give it its name, unless somebody has taken that; then it is on the disk."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        if os.path.lexists(path):
            raise FileExistsError from None
        partial.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
