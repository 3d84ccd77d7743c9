"""Bells: who tells the other processes that there is news. They carry no text.

A bell may fail, be late or be missing: a poll (streaming/poll.py) heals all of it.
"""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .base import Bell

#: What the setting BELL may say.
KINDS = {
    "none": "streaming.bells.base.Silent",
    "local": "streaming.bells.local.LocalBell",
    "postgres": "streaming.bells.postgres.PostgresBell",
    "channels": "streaming.bells.channels.ChannelsBell",
}


@cache
def bell() -> Bell:
    """This process's bell."""
    kind = settings.BELL_KIND
    if kind not in KINDS:
        raise ImproperlyConfigured(f"BELL is one of {', '.join(KINDS)}, not {kind}.")
    made = import_string(KINDS[kind])()
    assert isinstance(made, Bell)
    return made
