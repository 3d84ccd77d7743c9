"""The list of conversations, which stands beside every page."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from .. import access
from ..models import Conversation
from .signed_in import PersonRequest, signed_in

STEP = 50
MOST = 5_000
_PAGE = re.compile(r"/c/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")


@require_GET
@signed_in
def listing(request: PersonRequest) -> HttpResponse:
    """The list anew, and the title of the conversation that the page is about."""
    context = sidebar(request, current_id(request))
    current = Conversation.objects.of(request.user).filter(pk=context["current_id"]).first()
    context |= {"conversation": current, "out_of_band": True}
    return render(request, "conversations/listing.html", context)


@require_GET
@signed_in
def item(request: PersonRequest, id: UUID) -> HttpResponse:
    """One line of the list, as it was before somebody thought of changing it."""
    return render(request, "conversations/item.html", item_context(request, id))


def item_context(request: PersonRequest, id: UUID) -> dict[str, Any]:
    conversation = access.conversation(request.user, id)
    return {"conversation": conversation, "current_id": current_id(request), "focus": True}


def sidebar(request: PersonRequest, current: UUID | None = None) -> dict[str, Any]:
    """What ``sidebar.html`` needs: ``listing``, ``current_id``, how many are ``shown``, and how
    many to ask for to see ``more`` (nothing when these are all)."""
    shown = request.GET.get("shown", "")
    count = (
        min(int(shown), MOST)
        if shown.isascii() and shown.isdigit() and shown[:5] == shown
        else STEP
    )
    found = list(Conversation.objects.of(request.user).listed()[: count + 1])
    return {
        "listing": found[:count],
        "current_id": current,
        "shown": count,
        "more": count + STEP if len(found) > count else None,
    }


def current_id(request: HttpRequest) -> UUID | None:
    """The conversation that the page is about from which htmx asks."""
    match = _PAGE.search(request.headers.get("HX-Current-URL", ""))
    return UUID(match[1]) if match else None
