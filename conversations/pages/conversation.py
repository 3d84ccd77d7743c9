"""The page one talks on: a new conversation, or one that goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from streaming.node import node

from .. import access
from ..forms import LONGEST_TEXT, AskForm
from ..models import Conversation, Person
from .sidebar import sidebar
from .signed_in import PersonRequest, signed_in
from .suggestions import SUGGESTIONS
from .transcript import transcript


def home(request: HttpRequest) -> HttpResponse:
    """A new conversation; the very first visitor is shown where to begin."""
    if not request.user.is_authenticated and not Person.objects.exists():
        return redirect("account_signup")
    return new(request)


@require_GET
@signed_in
def new(request: PersonRequest) -> HttpResponse:
    return page(request, None)


@require_GET
@signed_in
def conversation(request: PersonRequest, id: UUID) -> HttpResponse:
    return page(request, access.conversation(request.user, id))


def page(
    request: PersonRequest,
    conversation: Conversation | None,
    *,
    form: AskForm | None = None,
    complaint: str = "",
    status: int = 200,
) -> HttpResponse:
    """With a ``form`` that could not be sent, what was written stands in the composer again."""
    catalogue = node().catalogue
    entries = transcript(conversation) if conversation else []
    context: dict[str, Any] = {
        "conversation": conversation,
        "transcript": entries,
        "running": next((entry.message for entry in entries if entry.running), None),
        "form": form,
        "complaint": complaint,
        "models": catalogue.models(),
        "chosen_model": (conversation and conversation.model) or catalogue.default(),
        "longest_text": LONGEST_TEXT,
        "suggestions": SUGGESTIONS,
    }
    current = conversation.id if conversation else None
    context |= sidebar(request, current)
    return render(request, "conversations/conversation.html", context, status=status)
