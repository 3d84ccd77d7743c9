"""Endings: how an answer ends whose provider did not say that it was finished, in words."""

from __future__ import annotations

from .accounts import Timings, Usage
from .events import Event, Failed, Incomplete

RESTARTED = "The server was restarted before the answer had begun. Try again."
STALLED = "The model stopped sending. Try again, or choose another model."
LOST = "The connection to the model was lost before it had finished. Try again."
GONE = "This model is no longer offered here. Choose another one."
BROKEN = "Something broke on our side, and it was written down. Try again."


def interrupted(said: bool, usage: Usage, timings: Timings) -> Event:
    """Its process ended before it; ``said``: it says something."""
    if said:
        return Incomplete("interrupted", usage, timings)
    return Failed("interrupted", RESTARTED, True, timings)
