"""The app that spoils the product it runs in."""

from __future__ import annotations

import os

from django.apps import AppConfig


class Plant(AppConfig):
    name = "tests.faults.plant"
    label = "plant"

    def ready(self) -> None:
        from . import answer_bugs, engine_bugs, hooks, log_bugs, marks, queries, reader_bugs

        kind = os.environ.get("PLANT")
        if kind == "queries":
            queries.plant()
            return
        marks.watch()
        hooks.plant()
        if kind == "bugs":
            for bugs in (log_bugs, reader_bugs, engine_bugs, answer_bugs):
                bugs.plant()
