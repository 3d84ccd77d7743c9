"""What lives in the server under test, counted from outside: SIGUSR2 has it written."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
from collections import Counter
from typing import Any

from django.apps import AppConfig


class Census(AppConfig):
    name = "tests.serving.census"

    def ready(self) -> None:
        signal.signal(signal.SIGUSR2, count)


def count(*_: Any) -> None:
    """Tasks of the loop, connections of threads, and how many objects of each kind there are."""
    gc.collect()
    kinds = Counter(type(one).__qualname__ for one in gc.get_objects())
    found = {
        "tasks": len(asyncio.all_tasks(asyncio.get_running_loop())),
        "connections": kinds["DatabaseWrapper"],
        "kinds": dict(kinds.most_common(400)),
    }
    path = os.environ["CENSUS"]
    with open(path + ".new", "w") as file:
        json.dump(found, file)
    os.rename(path + ".new", path)
