"""Catalogue: which providers this deployment has, and which models they offer now."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from .providers.base import Model, Provider, ProviderError

logger = logging.getLogger(__name__)

#: How long a list of models is good, how soon one is asked for again, how long one is waited for.
FRESH_S = 300.0
AGAIN_S = 2.0
# The first call to a vendor imports its SDK, which takes a second or more.
ASK_S = 15.0
#: How long a call waits for a new list, and for the first one of this process.
WAIT_S = 1.0
FIRST_WAIT_S = 5.0


class Catalogue:
    """The models one may choose. Nothing waits for a provider that is not there."""

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        local: Sequence[Provider] = (),
        demo: Provider | None = None,
        chosen: Sequence[str] = (),
        default: str = "",
    ) -> None:
        """``local`` providers are offered when they answer, ``demo`` when there is no other.

        ``chosen`` model ids are offered without asking, and for a provider that has some, only
        these.
        """
        everyone = [*providers, *local, *([demo] if demo else [])]
        self._providers = {provider.name: provider for provider in everyone}
        self._configured = list(providers)
        self._local = list(local)
        self._demo = demo
        self._default = default
        self._chosen = [
            Model(id, id.partition("/")[2]) for id in chosen if self.provider(id) is not None
        ]
        self._narrowed = {model.id.partition("/")[0] for model in self._chosen}
        self._found: dict[str, Sequence[Model]] = {}
        self._complaints: dict[str, str] = {}
        self._asked = False
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        #: What is more urgent when the process starts: awaited once, before anybody is asked.
        self.first: Callable[[], Awaitable[None]] | None = None

    def provider(self, model_id: str) -> Provider | None:
        """Who serves this model."""
        return self._providers.get(model_id.partition("/")[0])

    def models(self) -> list[Model]:
        """What is offered by what is known now, the chosen ones first."""
        offered = {model.id: model for model in self._chosen}
        for name, models in self._found.items():
            for model in models:
                if name not in self._narrowed or model.id in offered:
                    offered[model.id] = model
        return list(offered.values())

    def default(self) -> str:
        """The model of who does not choose; empty when none is there."""
        models = self.models()
        if any(model.id == self._default for model in models):
            return self._default
        return models[0].id if models else ""

    def known(self, model_id: str) -> Model | None:
        """The model, if it is offered."""
        return next((model for model in self.models() if model.id == model_id), None)

    async def prepare(self, model_id: str) -> None:
        """Before ``known`` is asked: look again when this model is new, or none is known yet.

        Whoever waits here does not wait for the slowest provider.
        """
        if self.known(model_id) or (not model_id and self.default()):
            return
        if model_id and self.provider(model_id) is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S if self._asked else FIRST_WAIT_S):
                await self.refresh(AGAIN_S)

    async def refresh(self, older_than_s: float = FRESH_S) -> None:
        """Ask every provider for its list, all at once, each for some seconds at most."""
        if self._asking is None and time.monotonic() - self._asked_at < older_than_s:
            return
        if self._asking is None:
            # A fresh context: the request that came first may end before the answer is there.
            self._asking = asyncio.create_task(self._ask_all(), context=contextvars.Context())
        await asyncio.shield(self._asking)

    async def _ask_all(self) -> None:
        try:
            if (first := self.first) is not None:
                self.first = None
                await first()
            await asyncio.gather(
                *(self._ask(provider) for provider in self._configured),
                *(self._ask(provider, quietly=True) for provider in self._local),
            )
            if self._demo is not None and not self._configured and not any(self._found.values()):
                await self._ask(self._demo)
        finally:
            self._asked = True
            self._asked_at = time.monotonic()
            self._asking = None

    async def _ask(self, provider: Provider, quietly: bool = False) -> None:
        try:
            async with asyncio.timeout(ASK_S):
                self._found[provider.name] = await provider.models()
            self._complaints.pop(provider.name, None)
        except (ProviderError, TimeoutError) as error:
            message = str(error) or "It did not answer in time."
            if not quietly and self._complaints.get(provider.name) != message:
                logger.warning("models of %s: %s", provider.name, message)
            self._complaints[provider.name] = message

    def __str__(self) -> str:
        """One line for the operator: what was found, and who did not answer."""
        names = [model.id for model in self.models()]
        line = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        silent = [p.name for p in self._configured if p.name in self._complaints]
        if silent:
            line += f" ({', '.join(silent)} did not answer)"
        return line.strip() or "none yet"

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        for provider in self._providers.values():
            await provider.close()
