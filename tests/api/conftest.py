"""An answer that does not end ends its test, and not the run."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

#: How long one test may take on a busy machine.
PATIENCE_S = 90


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise TimeoutError(f"nothing came of it in {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
