"""Progress: what one generation has come to, and the account of it at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .accounts import Timings, Usage
from .prompt import Prompt

#: When the provider does not count, about so many characters make a token.
CHARACTERS_PER_TOKEN = 4


@dataclass
class Progress:
    """Times are of ``time.monotonic``."""

    prompt: Prompt
    queued_ms: int = 0
    begun: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    characters: int = 0
    #: The provider's own count, once it has come.
    reported: Usage | None = None
    #: The reason in the provider's end marker, once it has come.
    finish: str | None = None

    def usage(self) -> Usage:
        """The provider's count, or an estimate that says that it is one."""
        if self.reported is not None:
            return self.reported
        said = len(self.prompt.system) + sum(
            len(part.text) for turn in self.prompt.turns for part in turn.parts
        )
        return Usage(
            input_tokens=said // CHARACTERS_PER_TOKEN,
            output_tokens=-(-self.characters // CHARACTERS_PER_TOKEN),
            exact=False,
        )

    def timings(self) -> Timings:
        now = time.monotonic()
        first, rate = self.first_token, None
        if first is not None and now > first:
            rate = round(self.usage().output_tokens / (now - first), 2)
        return Timings(
            queued_ms=self.queued_ms,
            first_token_ms=None if first is None else self.queued_ms + _ms(first - self.begun),
            total_ms=self.queued_ms + _ms(now - self.begun),
            tokens_per_second=rate,
        )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
