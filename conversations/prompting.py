"""Prompting: which messages the model gets to read, within its context window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streaming.parts import REFUSAL, TEXT, Part
from streaming.prompt import Prompt, Turn

from . import answers
from .models import Message

#: Characters to a token, on the safe side, and what is kept free for the answer.
CHARACTERS_PER_TOKEN = 3
ROOM_FOR_THE_ANSWER = 0.25
#: A model that does not say how much it reads.
USUAL_WINDOW = 128_000


def prompt_for(
    branch: Sequence[Message],
    *,
    model: str,
    system: str = "",
    options: Mapping[str, Any] | None = None,
    partial: Sequence[Part] = (),
    context_window: int | None = None,
) -> Prompt:
    """A prompt of the branch's messages, its question last.

    When they are too many for the window the oldest are left out, but never the question.
    """
    budget = int((context_window or USUAL_WINDOW) * (1 - ROOM_FOR_THE_ANSWER))
    left = budget * CHARACTERS_PER_TOKEN - len(system)
    turns: list[Turn] = []
    for message in reversed(branch):
        said = answers.state(message).parts
        parts = tuple(part for part in said if part.type in (TEXT, REFUSAL) and part.text)
        left -= sum(len(part.text) for part in parts)
        if turns and left < 0:
            break
        if parts:
            turns.append(Turn("user" if message.role == Message.Role.USER else "assistant", parts))
    turns.reverse()
    while len(turns) > 1 and turns[0].role == "assistant":
        del turns[0]
    return Prompt(
        model=model,
        turns=tuple(turns),
        system=system,
        options=dict(options or {}),
        partial=tuple(partial),
    )
