"""Messages and their parts, ready for a template: every text escaped, every figure in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from streaming.models import Generation
from streaming.parts import VISIBLE, Part

from .figures import amount, duration, pace, price
from .plain_text import plain
from .transcript import Said

#: Characters of one part that a page shows unless asked for the whole.
LIMIT = 20_000

LABELS = {
    "reasoning": "Reasoning",
    "refusal": "Refusal",
    "tool_call": "Tool call",
    "tool_result": "Tool result",
}


@dataclass(frozen=True, slots=True)
class ShownPart:
    #: Nothing for plain text.
    label: str
    #: The tool's name and the call's id.
    detail: SafeString
    text: SafeString
    length: int
    #: Not what a person reads as the answer.
    folded: bool


def shown_parts(parts: Iterable[Part], limit: int | None) -> list[ShownPart]:
    return [
        ShownPart(
            label="" if part.type == "text" else LABELS.get(part.type, part.type),
            detail=plain(" ".join(filter(None, (part.name, part.call))), limit),
            text=plain(part.text, limit),
            length=len(part.text),
            folded=part.type not in VISIBLE,
        )
        for part in parts
    ]


def shown_message(said: Said, limit: int | None) -> dict[str, Any]:
    """What the transcript shows of one message."""
    message, generation = said.message, said.message.generation
    return {
        "message": message,
        "number": said.number,
        "parts": shown_parts(said.parts, limit),
        "versions": said.versions,
        "version": said.versions.index(message.id) + 1,
        "generation": generation,
        "figures": figures(generation) if generation else [],
        "error": plain(generation.error_message, limit) if generation else "",
    }


def figures(generation: Generation) -> list[str]:
    """How it went, in the few words that fit under an answer."""
    words = []
    if generation.first_token_ms is not None:
        words.append(f"first token after {duration(generation.first_token_ms)}")
    if generation.total_ms is not None:
        words.append(f"{duration(generation.total_ms)} in all")
    if generation.tokens_per_second is not None:
        words.append(pace(generation.tokens_per_second))
    if usage := generation.usage:
        about = "" if usage.exact else "about "
        words.append(f"{about}{amount(usage.input_tokens)} tokens in")
        words.append(f"{about}{amount(usage.output_tokens)} out")
    if generation.cost is not None:
        words.append(f"cost {price(generation.cost)}")
    if generation.attempt > 1:
        words.append(f"{generation.attempt} runs")
    return words
