"""The catalogue offers what is there, and waits for nobody who is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from streaming import catalogue as module
from streaming.catalogue import Catalogue
from streaming.prompt import Prompt
from streaming.providers.base import Model, Output, Provider, ProviderError


class Listed(Provider):
    """Offers these models; with none it cannot be asked, with ``None`` it never answers."""

    def __init__(self, name: str, *models: str | None) -> None:
        self.name = name
        self.offers = models
        self.asked = 0

    async def models(self) -> Sequence[Model]:
        self.asked += 1
        if not self.offers:
            raise ProviderError("unreachable", "It is not there.", recoverable=True)
        if None in self.offers:
            await asyncio.Event().wait()
        return [Model(f"{self.name}/{name}", str(name)) for name in self.offers]

    def stream(
        self, prompt: Prompt, resume: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Output]]]:
        raise NotImplementedError


def ids(catalogue: Catalogue) -> list[str]:
    return [model.id for model in catalogue.models()]


DEMO = Listed("demo", "tour")


async def test_it_offers_what_every_provider_lists() -> None:
    catalogue = Catalogue(
        [Listed("a", "1", "2"), Listed("b", "1")], local=[Listed("c", "1")], demo=DEMO
    )
    await catalogue.refresh()
    assert ids(catalogue) == ["a/1", "a/2", "b/1", "c/1"]


async def test_it_offers_the_demo_when_there_is_nobody() -> None:
    catalogue = Catalogue([], local=[Listed("c")], demo=DEMO)
    await catalogue.refresh()
    assert ids(catalogue) == ["demo/tour"]


async def test_it_does_not_offer_the_demo_for_a_provider_that_is_away() -> None:
    catalogue = Catalogue([Listed("a")], demo=DEMO)
    await catalogue.refresh()
    assert ids(catalogue) == []
    assert "a did not answer" in str(catalogue)


async def test_chosen_models_are_there_at_once_and_narrow_their_provider() -> None:
    catalogue = Catalogue([Listed("a", "1", "2"), Listed("b", "1")], chosen=["a/2", "a/9", "x/1"])
    assert ids(catalogue) == ["a/2", "a/9"]
    await catalogue.refresh()
    assert ids(catalogue) == ["a/2", "a/9", "b/1"]


async def test_the_default_is_the_named_one_if_it_is_there_or_else_the_first() -> None:
    for default, expected in (("a/2", "a/2"), ("a/7", "a/1"), ("", "a/1")):
        catalogue = Catalogue([Listed("a", "1", "2")], default=default)
        assert catalogue.default() == ""
        await catalogue.refresh()
        assert catalogue.default() == expected


async def test_a_provider_that_never_answers_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(module, "ASK_S", 0.05)
    catalogue = Catalogue([Listed("a", None), Listed("b", "1")])
    await catalogue.prepare("")
    assert ids(catalogue) == ["b/1"]
    await catalogue.refresh(0)
    assert catalogue.known("a/1") is None


async def test_an_unknown_model_is_asked_for_once_not_by_every_call() -> None:
    provider = Listed("a", "1")
    catalogue = Catalogue([provider])
    for _ in range(5):
        await catalogue.prepare("a/2")
    assert provider.asked == 1
    await catalogue.prepare("nobody/2")
    assert provider.asked == 1


async def test_closing_does_not_wait_for_who_is_still_asked() -> None:
    silent = Listed("a", None)
    catalogue = Catalogue([silent])
    asking = asyncio.create_task(catalogue.refresh())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await catalogue.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
