"""Marks: which generation carries which bug, as its question says."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.db.models.signals import post_init, post_save

from streaming.models import Generation
from streaming.prompt import Prompt

MARK = re.compile(r'@@\{\\*"id\\*": \\*"(?:plant|hook):([a-z_]+)(?::(\d+))?')

#: By the row's id and by the generation's key: the name, and the number behind it.
_marks: dict[int, tuple[str, int]] = {}
_keys: dict[UUID, int] = {}


def watch() -> None:
    """Learn of every generation that this process writes or reads."""
    post_save.connect(_learn, sender=Generation, weak=False)
    post_init.connect(_learn, sender=Generation, weak=False)


def _learn(instance: Generation, **_: object) -> None:
    prompt = instance.__dict__.get("prompt")
    if instance.__dict__.get("id") and prompt is not None and (found := MARK.search(prompt)):
        _marks[instance.pk] = (found[1], int(found[2] or 0))
        _keys[instance.key] = instance.pk


def bug_of(generation: int | UUID) -> str:
    """The name of its bug or hook; empty for a healthy one."""
    pk = _keys.get(generation, 0) if isinstance(generation, UUID) else generation
    return _marks.get(pk, ("", 0))[0]


def number_of(generation_id: int) -> int:
    return _marks.get(generation_id, ("", 0))[1]


def bug_in(prompt: Prompt) -> str:
    found = MARK.search(prompt.json())
    return found[1] if found else ""


def wrap(owner: Any, name: str, outer: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put ``outer(original)`` in the place of a function; fails when there is none any more."""
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(outer(original)))
