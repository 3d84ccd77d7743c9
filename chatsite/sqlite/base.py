"""Connections to SQLite that heal.

Django's keep what they opened for ever. These notice that an error may have been their own (a file
that was read-only when it was opened stays so), that another file has the name now, and that there
is none: then it is not made anew, empty, but for the first time.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import Any, ClassVar

from django.db import OperationalError
from django.db.backends.sqlite3 import base

#: A database that was found locked for as long as one waits is not waited for by everybody: for so
#: many seconds the next ones wait for so many milliseconds.
LOCKED_S = 10.0
LOCKED_MS = 200


class DatabaseWrapper(base.DatabaseWrapper):
    #: Files that were there once.
    _known: ClassVar[set[str]] = set()
    #: When the write lock could not be had in time.
    _locked_at: ClassVar[float] = float("-inf")
    _file: tuple[int, int, bool] | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        path = str(conn_params["database"])
        if path in self._known and not os.path.exists(path):
            raise sqlite3.OperationalError("the database file is gone")
        connection = super().get_new_connection(conn_params)
        self._file = _identity(path)
        if self._file is not None:
            self._known.add(path)
        return connection

    def is_usable(self) -> bool:
        """Asked at the begin of every request, and after errors."""
        return not self.errors_occurred and self._file == _identity(self.settings_dict["NAME"])

    def _start_transaction_under_autocommit(self) -> None:
        """Take the write lock."""
        cls, connection = DatabaseWrapper, self.connection
        hurried = time.monotonic() - cls._locked_at < LOCKED_S
        if hurried:
            connection.execute(f"PRAGMA busy_timeout = {LOCKED_MS}")
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except OperationalError as error:
            if "locked" in str(error):
                cls._locked_at = time.monotonic()
            raise
        else:
            cls._locked_at = float("-inf")
        finally:
            if hurried:
                patience_ms = int(self.settings_dict["OPTIONS"].get("timeout", 5) * 1000)
                connection.execute(f"PRAGMA busy_timeout = {patience_ms}")


def _identity(path: object) -> tuple[int, int, bool] | None:
    """Which file has this name now, and whether it may be written; ``None`` when none has."""
    try:
        found = os.stat(str(path))
    except OSError:
        return None
    return found.st_dev, found.st_ino, os.access(str(path), os.W_OK)
