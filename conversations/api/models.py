"""Models one may choose."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema

from streaming.node import node

router = Router(tags=["models"])


class ModelOut(Schema):
    #: ``provider/name``.
    id: str
    label: str
    capabilities: dict[str, bool]
    context_window: int | None
    #: Per million tokens; empty where unknown.
    prices: dict[str, float]
    default: bool


class Models(Schema):
    items: list[ModelOut]
    next: str | None = None


@router.get("/models", response=Models, summary="Models one may choose")
async def list_models(request: HttpRequest) -> Models:
    catalogue = node().catalogue
    await catalogue.prepare("")
    default = catalogue.default()
    return Models(
        items=[
            ModelOut(
                id=model.id,
                label=model.label,
                capabilities=dict(model.capabilities),
                context_window=model.context_window,
                prices=dict(model.prices),
                default=model.id == default,
            )
            for model in catalogue.models()
        ]
    )
