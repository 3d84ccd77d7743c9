"""Usage and timings: the account that a terminal event gives of a generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the provider counted, or our estimate when it did not say (``exact=False``)."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    exact: bool = True
    #: In the currency of the price list; ``None`` where no price is known.
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Of both together; exact when both are."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            _sum(self.cached_tokens, other.cached_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
            self.exact and other.exact,
            _sum(self.cost, other.cost),
        )

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
        }
        for name in ("cached_tokens", "reasoning_tokens"):
            if (value := getattr(self, name)) is not None:
                data[name] = value
        data["exact"] = self.exact
        if self.cost is not None:
            data["cost"] = self.cost
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Usage:
        return cls(
            input_tokens=data.get("input_tokens", 0),
            output_tokens=data.get("output_tokens", 0),
            cached_tokens=data.get("cached_tokens"),
            reasoning_tokens=data.get("reasoning_tokens"),
            exact=data.get("exact", True),
            cost=data.get("cost"),
        )


@dataclass(frozen=True, slots=True)
class Timings:
    """How long it took, in milliseconds from the moment the answer was asked for."""

    queued_ms: int = 0
    #: ``None`` when no token came.
    first_token_ms: int | None = None
    total_ms: int = 0
    #: Output tokens by the time from the first token to the end; ``None`` when unknown.
    tokens_per_second: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "queued_ms": self.queued_ms,
            "first_token_ms": self.first_token_ms,
            "total_ms": self.total_ms,
            "tokens_per_second": self.tokens_per_second,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Timings:
        return cls(
            queued_ms=data.get("queued_ms", 0),
            first_token_ms=data.get("first_token_ms"),
            total_ms=data.get("total_ms", 0),
            tokens_per_second=data.get("tokens_per_second"),
        )


def _sum(one: Number | None, other: Number | None) -> Number | None:
    """What is not known counts as nothing."""
    if one is None or other is None:
        return one if other is None else other
    return one + other
