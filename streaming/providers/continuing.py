"""Asking a model to go on with an answer that broke off."""

from __future__ import annotations

from collections.abc import Iterable

from ..parts import TEXT, Part, visible_text
from ..prompt import Prompt, Role

#: How much of the end is quoted: enough to find the place, short enough to be read closely.
QUOTED = 200

GO_ON = (
    "Your answer above was cut off. Its last characters are:\n\n<end>{end}</end>\n\n"
    "Go on from exactly there, in the same language and format, as if it had never been cut off. "
    "The first character that you write comes directly after the last one above: repeat nothing, "
    "do not start again, do not apologise, and do not mention that it was cut off."
)


def said(partial: Iterable[Part]) -> str:
    """What an interrupted answer says so far. Reasoning and tool calls cannot be gone on with."""
    return "".join(part.text for part in partial if part.type == TEXT)


def go_on(text: str) -> str:
    """What a user says to get the rest of ``text``."""
    return GO_ON.format(end=text[-QUOTED:])


def dialogue(prompt: Prompt) -> list[tuple[Role, str]]:
    """The turns as plain text, alternating: neighbours of one role are joined.

    Some models' chat templates refuse two turns of one role. A turn without text is left out.
    """
    turns: list[tuple[Role, str]] = []
    for turn in prompt.turns:
        _say(turns, turn.role, visible_text(turn.parts))
    return turns


def continued(prompt: Prompt) -> list[tuple[Role, str]]:
    """:func:`dialogue`, and what asks for the rest of ``prompt.partial`` if there is one."""
    turns = dialogue(prompt)
    text = said(prompt.partial)
    if text.strip():
        turns.append(("assistant", text))
        turns.append(("user", go_on(text)))
    return turns


def _say(turns: list[tuple[Role, str]], role: Role, text: str) -> None:
    if not text.strip():
        return
    if turns and turns[-1][0] == role:
        turns[-1] = (role, f"{turns[-1][1]}\n\n{text}")
    else:
        turns.append((role, text))
