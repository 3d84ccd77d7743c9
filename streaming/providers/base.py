"""What a provider is: a list of models, and a stream of parts, usage and an end for a prompt."""

from __future__ import annotations

import abc
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from ..accounts import Usage
from ..events import Delta, PartOpened
from ..parts import Part
from ..prompt import Prompt


@dataclass(frozen=True, slots=True)
class Model:
    """A model one may choose."""

    #: ``provider/name``; the name may hold slashes of its own.
    id: str
    label: str
    #: ``reasoning``, ``tools``, ``vision``, ``prefill``, … -> whether it has it.
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    #: Tokens that fit in, the answer included; ``None`` when unknown.
    context_window: int | None = None
    #: Per million tokens: ``input``, ``output``, ``cached``; empty when unknown.
    prices: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageReported:
    """The provider's own count; a later one replaces an earlier one."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Finished:
    """The provider's end marker.

    ``reason`` is ours for every provider: ``stop``, ``length``, ``content_filter``,
    ``tool_calls``, ``refusal`` or the provider's own word where none of these fits.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Resumable:
    """The call can be gone on with, behind everything given so far, by any process.

    ``cursor`` is the provider's own text: :meth:`Provider.stream` takes it as ``resume``.
    A later one replaces an earlier one.
    """

    cursor: str


Output = PartOpened | Delta | UsageReported | Finished | Resumable


class ProviderError(Exception):
    """A call failed. ``message`` says in plain words what a person can do; it holds no secret."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        recoverable: bool,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        #: ``unauthorized``, ``forbidden``, ``model_not_found``, ``bad_request``,
        #: ``context_length``, ``rate_limited``, ``quota``, ``overloaded``, ``server_error``,
        #: ``unreachable``, ``malformed``.
        self.code = code
        self.message = message
        #: Whether the same call may succeed later.
        self.recoverable = recoverable
        #: What the provider asked for (never negative, never NaN); ``None`` when it did not say.
        self.retry_after_s = retry_after_s


class Provider(abc.ABC):
    """One way to reach models. Instances live as long as the process and are shared by all runs."""

    #: The part of a model's id before the first slash.
    name: str

    @abc.abstractmethod
    async def models(self) -> Sequence[Model]:
        """The models it offers now. Raises :class:`ProviderError` when it cannot be asked."""

    @abc.abstractmethod
    def stream(
        self, prompt: Prompt, resume: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Output]]]:
        """One upstream call.

        Entering opens the connection and waits for the response's headers; iterating gives a
        batch for every chunk of bytes that arrives, empty when the chunk holds nothing to show
        (a ping, half a frame), so that the engine can tell a stall from silence. Leaving closes
        the upstream connection at once, whatever state it is in. An iteration that ends without
        :class:`Finished` is a lost connection, not an end. Part indices start at 0.

        With ``resume`` (the cursor of a :class:`Resumable`) it is no new call: it goes on with
        that one, exactly behind what was given before the cursor, and part indices go on too.
        A call that cannot be gone on with any more raises an error that is not ``recoverable``.

        Raises :class:`ProviderError`, and nothing else, for anything the other side does.
        """

    async def cancel(self, resume: str) -> None:
        """Nobody wants the rest of a call that goes on without a connection. Never raises.

        Called when a person stops the answer, not when another process takes it over.
        """

    async def close(self) -> None:
        """Give back connections at shutdown."""


_LONE = re.compile("[\ud800-\udfff]")
#: The longest delta in code points: a follower is handed whole entries, and these must be small.
LONGEST_DELTA = 16_384


class PartWriter:
    """Turns a provider's fragments into parts and deltas with running indices.

    Mends what JSON lets a provider cut in two: a surrogate pair split between two fragments is
    joined, a surrogate that stays alone becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._current: tuple[str, str] | None = None
        self._indices: dict[tuple[str, str], int] = {}
        self._high = ""
        self._count = 0

    def write(
        self, out: list[Any], type: str, text: str, *, key: str = "", name: str = "", call: str = ""
    ) -> None:
        """Append to the current part of this type and ``key``, opening one when it is not current.

        Tool calls may interleave: with a ``key`` the part stays open until the end.
        """
        slot = (type, key)
        index = self._indices.get(slot) if key or slot == self._current else None
        if index is None:
            self.flush(out)
            index = self._count
            self._count += 1
            self._indices[slot] = index
            out.append(PartOpened(index, Part(type=type, name=name, call=call)))
        elif slot != self._current:
            self.flush(out)
        self._current = slot
        if self._high or not text.isascii():
            text = self._mend(text)
        if len(text) <= LONGEST_DELTA:
            if text:
                out.append(Delta(index, text))
            return
        for start in range(0, len(text), LONGEST_DELTA):
            out.append(Delta(index, text[start : start + LONGEST_DELTA]))

    def flush(self, out: list[Any]) -> None:
        """Give up waiting for the second half of a surrogate pair."""
        if self._high and self._current is not None:
            self._high = ""
            out.append(Delta(self._indices[self._current], "\ufffd"))

    def _mend(self, text: str) -> str:
        text = self._high + text
        self._high = ""
        if not _LONE.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            self._high, text = text[-1], text[:-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
