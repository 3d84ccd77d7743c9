"""What a call to the simulator is to do, carried by the call itself.

Put ``str(script)`` into a user message or the model's name::

    Script(tokens=50, tps=100, fault="cut", at=20, times=1)  # cut in the first call
    Script(id="x", by_call=({"fault": "status", "status": 529}, {"fault": "reset", "at": 7}))

Calls are counted by ``id`` (by the whole script without one). ``by_call[n]`` says what is
different in call ``n``; calls after the last entry follow the script as it is.

Two faults are no script's, since no request arrives: ``simulator.refuse(seconds)`` (connection
refused), and ``simulator.base_url_without_tls`` (the handshake fails).

**In the background.** ``/v1/responses`` with ``background`` generates while nobody is connected;
``GET /v1/responses/{id}?stream=true&starting_after=N`` reads on: the script's next call. ``error``,
``unknown``, ``invalid_utf8``, ``huge``, ``empty`` and ``endless`` of the creating call are what is
generated, for whoever reads it; all other faults are one connection's.

**Going on.** A call whose request carries a partial answer — the assistant's last turn, with or
without a user's turn behind it that asks to go on; or a quotation in ``<end>…</end>`` — gets the
rest of :meth:`Script.text`, so that ``partial + what comes == script.text()``. How well it does
that is the script's to say::

    Script(overlap=12)                        # says the last 12 characters before the seam again
    Script(preamble="Sure, continuing: ")     # says this first, then goes on (any text: "\\n", " ")
    Script(alphabet="markdown", fence=True)   # inside of a code block, opens the fence again first
    Script(resume="again")                    # starts all over

They combine, in this order: preamble, fence, overlap, rest. ``fault``, ``at`` count from the seam
(``at=3``: after three tokens of this call). What was said and is no beginning of the script's
answer gets the whole answer.

**A text to check against.** ``text(seed, length, alphabet)`` (tests/simulator/alphabet.py): all
answers of a seed and alphabet are prefixes of one endless text.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .alphabet import first_tokens, tokens, whole

#: What follows it, in the model's name or in a user message, is a script as a JSON object.
MARKER = "@@"

#: The faults by name, and what each does. ``at`` counts tokens of every kind.
FAULTS = {
    "status": "answers with `status` and the vendor's error body (`code` replaces its error code)",
    "html": "answers `status` (default 502) with a proxy's HTML page",
    "page": "answers 200 with an HTML page",
    "redirect": "answers 307 with `Location: {to}`",
    "silent": "takes the request and never sends a byte, not even headers",
    "drop": "closes the connection without an answer",
    "error": "reports an error (`code`, default: overloaded) inside the stream after `at` tokens",
    "stall": "sends nothing more after `at` tokens, and keeps the connection open",
    "pings": "sends only pings after `at` tokens",
    "reset": "cuts the connection by RST after `at` tokens",
    "cut": "cuts the connection by FIN after `at` tokens and half a frame",
    "eof": "ends the response cleanly after `at` tokens, without the end marker",
    "no_stop": "sends the finish reason but not the very last marker, and ends cleanly",
    "hang": "sends the finish reason but not the very last marker, and keeps the connection open",
    "malformed": "sends a frame of broken JSON after `at` tokens",
    "not_an_object": "sends a frame whose JSON has the wrong types after `at` tokens",
    "invalid_utf8": "sends a delta with bytes that are not UTF-8 after `at` tokens, and goes on",
    "unknown": "sends events and fields nobody has heard of before every token, and goes on",
    "huge": "sends one delta of `size` ASCII characters after `at` tokens, and goes on",
    "huge_line": "sends a line of `size` bytes without an end after `at` tokens",
    "empty": "sends `size` empty deltas after `at` tokens, and goes on",
    "endless": "never runs out of tokens",
}


@dataclass(frozen=True)
class Script:
    """One call's behaviour. Every field has a default: ``Script()`` is 20 tokens at full speed."""

    #: Names the script, so that calls can be found and ``times`` counted.
    id: str = ""
    #: Visible tokens; then how many tokens of reasoning come before, and of refusal after them.
    tokens: int = 20
    reasoning: int = 0
    refusal: int = 0
    #: How many tool calls come last; each takes three tokens.
    tools: int = 0
    seed: int = 1
    alphabet: str = "plain"
    #: Send the clock (CLOCK_MONOTONIC, ns) as each token's text: for measuring lag.
    stamp: bool = False
    #: Tokens per second; 0 is as fast as it goes.
    tps: float = 0
    #: Seconds before the headers, and from the headers to the first token.
    headers_after: float = 0
    first_after: float = 0
    #: Bytes per HTTP chunk, each in its own segment; 0 leaves frames whole.
    split: int = 0
    #: Frames per HTTP chunk; 0 gathers what is due, up to 16 KiB.
    burst: int = 0
    #: The vendor's own finish reason; empty for its ordinary one.
    finish: str = ""
    #: ``exact``, ``missing``, ``absurd`` (wrong types and signs) or ``every`` (in each frame).
    usage: str = "exact"
    #: The field that carries reasoning on the OpenAI wire.
    reasoning_field: str = "reasoning_content"
    #: Request fields that are refused with the vendor's 400 (``prefill``: a last assistant turn).
    refuse: tuple[str, ...] = ()
    #: What a call that carries a partial answer does: go on ``exact``, or say it all again.
    resume: str = "exact"
    #: When it goes on: how many characters before the seam it says again, what it says before
    #: anything else, and whether it opens the code fence again that the seam is in.
    overlap: int = 0
    preamble: str = ""
    fence: bool = False
    #: Fields that are different in the first, second, … call of this ``id``.
    by_call: tuple[dict[str, Any], ...] = ()
    #: One of :data:`FAULTS`; only in the first ``times`` calls of this ``id`` (0: in all).
    fault: str = ""
    at: int = 0
    times: int = 0
    status: int = 0
    code: str = ""
    message: str = ""
    retry_after: str | None = None
    size: int = 0
    to: str = ""

    def __post_init__(self) -> None:
        if self.fault and self.fault not in FAULTS:
            raise ValueError(f"unknown fault {self.fault!r}")
        for changes in self.by_call:
            dataclasses.replace(self, by_call=(), **changes)

    def for_call(self, number: int) -> Script:
        """What the call of this number does; the first is 0."""
        script = self
        if self.times and number >= self.times:
            script = dataclasses.replace(script, fault="")
        if number < len(self.by_call):
            script = dataclasses.replace(script, by_call=(), **self.by_call[number])
        return script

    def json(self) -> str:
        """Only what differs from the defaults."""
        fields = dataclasses.fields(self)
        changed = {f.name: v for f in fields if (v := getattr(self, f.name)) != f.default}
        return json.dumps(changed)

    def __str__(self) -> str:
        """What to put into a model's name or a question."""
        return MARKER + self.json()

    def text(self, tokens: int | None = None) -> str:
        """The visible text of the whole answer, or of its first ``tokens`` tokens."""
        return whole("".join(self.text_tokens(tokens)))

    def text_tokens(self, tokens: int | None = None) -> tuple[str, ...]:
        return first_tokens(self.seed, self.alphabet, self.tokens if tokens is None else tokens)

    def reasoning_tokens(self) -> tuple[str, ...]:
        return first_tokens(self.seed + 1, self.alphabet, self.reasoning)

    def reasoning_text(self) -> str:
        return whole("".join(self.reasoning_tokens()))

    def refusal_tokens(self) -> tuple[str, ...]:
        return first_tokens(self.seed + 2, self.alphabet, self.refusal)

    def refusal_text(self) -> str:
        return whole("".join(self.refusal_tokens()))

    def tool_calls(self) -> list[tuple[str, str, str]]:
        """``(id, name, arguments)`` of each."""
        return [
            (f"call_{index}", f"lookup_{index}", json.dumps({"query": f"{index} 👋 “…”"}))
            for index in range(self.tools)
        ]

    def endless_tokens(self) -> Iterator[str]:
        return tokens(self.seed, self.alphabet)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Script:
        """Raises ``TypeError`` for a field that does not exist."""
        fields: dict[str, Any] = dict(data)
        for name in ("refuse", "by_call"):
            fields[name] = tuple(data.get(name, ()))
        return cls(**fields)

    @classmethod
    def find(cls, text: str) -> Script | None:
        """The script that this text carries, if it carries one."""
        start = text.find(MARKER + "{")
        if start < 0:
            return None
        data, _ = json.JSONDecoder().raw_decode(text, start + len(MARKER))
        return cls.from_json(data)
