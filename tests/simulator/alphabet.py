"""The words that the simulator says: a function of a seed, plain or hostile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

PLAIN = (
    *(" the", " answer", " is", " a", " log", " and", " every", " reader", " holds", " cursor"),
    *(" that", " never", " moves", " back", ",", ".", "\n\n", " so", " nothing", " gets", " lost"),
)

#: Each entry is one token, or several that belong together and come one after the other.
HOSTILE: tuple[tuple[str, ...], ...] = (
    *((word,) for word in (" the", " word", "\t", "  ", "'", '"', "\\", "{", "}", "}}", "[DONE]")),
    *((line,) for line in ("\r", "\r\n", "\n", "\n\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c")),
    *((frame,) for frame in ("data: x\n\n", "event: done\n", "id: 5-9\n", ": ping\n\n", "data:")),
    *((control,) for control in ("\0", "\x01", "\x1b[31m", "\x7f", "\ufeff", "\u202e", "\u00ad")),
    *((markup,) for markup in ("</script>", "<!--", "&amp;", "```", "$x$", "\\u0041", "%00")),
    ("👩‍👩‍👧‍👦",),
    ("👩", "\u200d", "🚀"),  # a ZWJ sequence, one code point a token
    ("🏳", "\ufe0f", "\u200d", "🌈"),
    ("🇩", "🇪"),
    ("e", "\u0301"),  # a combining mark on its own
    ("\u0301\u0302",),
    ("ﷺ",),
    ("𝒳",),
    ("\ud83d", "\ude00"),  # a surrogate pair, escaped in two frames
    ("a\ud83e", "\udd16b"),
)

#: Prose with fenced code in it; a fence is always closed, some tokens later.
MARKDOWN: tuple[tuple[str, ...], ...] = (
    *(
        (word,)
        for word in (" the", " *answer*", " is", " `a`", " log", ".", "\n\n", "\n- ", "\n## ")
    ),
    ("\n\n", "```", "python\n", "def", " f", "(x):\n", "    return", " x", "\n", "```", "\n\n"),
    ("\n\n```\n", "  cursor", " moves\n", "\n", "    back\n", "```\n", "\n"),
)

_VOCABULARIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "plain": tuple((word,) for word in PLAIN),
    "markdown": MARKDOWN,
    "hostile": HOSTILE,
}


def tokens(seed: int, alphabet: str) -> Iterator[str]:
    """The endless sequence of tokens of this seed. A token may hold half of a surrogate pair."""
    choose = random.Random(seed).choice
    vocabulary = _VOCABULARIES[alphabet]
    while True:
        yield from choose(vocabulary)


@lru_cache(maxsize=2048)
def first_tokens(seed: int, alphabet: str, count: int) -> tuple[str, ...]:
    """The first ``count`` of :func:`tokens`."""
    return tuple(islice(tokens(seed, alphabet), count))


def text(seed: int, length: int, alphabet: str = "plain") -> str:
    """The first ``length`` code points that this seed says.

    ``shown == text(seed, len(shown), alphabet)`` is how a client checks itself without asking
    anyone: every answer of the seed is a prefix of this, however many tokens it has.
    """
    count = 64
    while len(said := whole("".join(first_tokens(seed, alphabet, count)))) <= length:
        count *= 2
    return said[:length]


def whole(text: str) -> str:
    """Joins surrogate halves that meet; one that stays alone becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
