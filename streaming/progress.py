"""Progress: what one answer has come to, over all its calls, and the account of it at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from .accounts import Timings, Usage
from .events import Delta, Event, PartOpened, Started
from .parts import Part, length
from .prompt import Prompt

#: When the provider does not count, about so many characters make a token.
CHARACTERS_PER_TOKEN = 4
#: How a call ends whose provider may have worked, and counted, without our hearing of it.
UNTOLD = frozenset({"unreachable", "upstream_lost", "stalled", "malformed"})


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an answer had come to when this process took it."""

    #: What its log tells of its parts, those of the prompt's ``partial`` included.
    parts: tuple[Part, ...] = ()
    #: The number of the run that begins now.
    attempt: int = 1
    losses: int = 0
    #: What was kept of the last call, to go on with it; empty when it cannot be.
    resume: str = ""
    #: What calls of processes that are gone may have used; not the call to be resumed.
    usage: Usage | None = None
    #: Characters that the call to be resumed has given.
    characters: int = 0
    #: How long it waited for its first run, and the time from the question until now.
    queued_ms: int = 0
    passed_ms: int = 0


@dataclass
class Call:
    """One upstream call: what it was sent and what came, in characters; what was reported."""

    sent: int
    characters: int = 0
    #: Whether the provider took it on.
    accepted: bool = False
    reported: Usage | None = None
    #: Whether its end marker came: then what was reported is the whole account.
    finished: bool = False

    def usage(self) -> Usage:
        if self.reported is None:
            return estimate(self.sent, self.characters)
        return self.reported if self.finished else replace(self.reported, exact=False)

    def cost_nothing(self, code: str) -> bool:
        """Whether it was refused, with this error's code, before anything came."""
        if self.characters or self.reported is not None:
            return False
        return not (self.accepted and code in UNTOLD)


@dataclass
class Progress:
    """Times are of ``time.monotonic``."""

    prompt: Prompt
    earlier: Earlier
    begun: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    #: The reason in the provider's end marker, once it has come.
    finish: str | None = None
    call: Call | None = None
    #: The account of the calls before this one.
    spent: Usage | None = None

    def __post_init__(self) -> None:
        self.spent = self.earlier.usage

    def begin(self, parts: Sequence[Part], resumed: bool) -> None:
        """A call begins, or an earlier one is gone on with, behind these parts."""
        if not resumed or self.call is None:
            self.close()
            characters = self.earlier.characters if resumed else 0
            self.call = Call(characters_of(self.prompt, parts) - characters, characters)

    def is_accepted(self) -> None:
        """The provider has taken the call on."""
        if self.call is not None:
            self.call.accepted = True

    def received(self, characters: int) -> None:
        if self.call is not None:
            self.call.characters += characters

    def is_reported(self, usage: Usage) -> None:
        """A later count of the same call replaces an earlier one."""
        if self.call is not None:
            self.call.reported = usage

    def is_finished(self, by_itself: bool) -> None:
        """No more will come; ``by_itself``: the provider said so."""
        if self.call is not None:
            self.call.finished = by_itself

    def close(self, code: str = "") -> None:
        """The call is over; with ``code``, by this error."""
        call, self.call = self.call, None
        if call is not None and not (code and call.cost_nothing(code)):
            self.spent = call.usage() if self.spent is None else self.spent + call.usage()

    def usage(self) -> Usage:
        """Of all calls: the provider's counts, or an estimate that says that it is one."""
        if self.call is None:
            return self.spent or Usage()
        return self.call.usage() if self.spent is None else self.spent + self.call.usage()

    def timings(self) -> Timings:
        now = time.monotonic()
        before, first, rate = self.earlier.passed_ms, self.first_token, None
        if length(self.earlier.parts) > length(self.prompt.partial):
            first = None  # it came to a process that is gone
        if first is not None and now > first:
            rate = round(self.usage().output_tokens / (now - first), 2)
        return Timings(
            queued_ms=self.earlier.queued_ms,
            first_token_ms=None if first is None else before + _ms(first - self.begun),
            total_ms=before + _ms(now - self.begun),
            tokens_per_second=rate,
        )


def characters_of(prompt: Prompt, partial: Iterable[Part]) -> int:
    """How much a call for this prompt sends, to go on behind ``partial``."""
    turns = sum(length(turn.parts) for turn in prompt.turns)
    return len(prompt.system) + turns + length(partial)


def estimate(sent: int, received: int) -> Usage:
    """For so many characters each way."""
    return Usage(sent // CHARACTERS_PER_TOKEN, -(-received // CHARACTERS_PER_TOKEN), exact=False)


def calls_in(
    prompt: Prompt, events: Iterable[Event], *, runs: int = 0, began: int = 0
) -> list[Call]:
    """The calls that a log tells of, as far as it does: one for each run.

    Runs behind ``began`` (if any) went on with the call of that one. Of ``runs``, the number of
    runs that there were, the last may have ended before the log told of them, but not before they
    called.
    """
    calls: list[Call] = []
    told, said = 0, characters_of(prompt, ())
    for event in events:
        match event:
            case Started():
                told = event.attempt
                if not calls or not 0 < began < told:
                    calls.append(Call(said))
            case PartOpened(index, part) if index < len(prompt.partial):
                said += len(part.text)
                calls[-1].sent = said
            case PartOpened(_, Part(text=text)) | Delta(_, text):
                said += len(text)
                calls[-1].characters += len(text)
    if not calls:
        said = characters_of(prompt, prompt.partial)
    return calls + [Call(said) for _ in range(told, runs)]


def spent_on(calls: Iterable[Call]) -> Usage | None:
    """By all of them; ``None`` when there are none."""
    usages = [call.usage() for call in calls]
    return sum(usages[1:], start=usages[0]) if usages else None


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
