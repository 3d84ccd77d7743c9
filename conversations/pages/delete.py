"""Delete a conversation, after asking once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from .. import access, answering
from ..models import Conversation
from .sidebar import current_id, sidebar
from .signed_in import PersonRequest, is_htmx, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
async def delete(request: PersonRequest, id: UUID) -> HttpResponse:
    conversation = await sync_to_async(access.conversation)(request.user, id)
    if request.method == "GET":
        return await sync_to_async(confirm)(request, conversation)
    await answering.delete(request.user, id)
    if not is_htmx(request):
        return redirect("conversations:home")
    if current_id(request) == id:
        return HttpResponse(headers={"HX-Redirect": reverse("conversations:home")})
    return render(request, "conversations/deleted.html", {"conversation": conversation})


def confirm(request: PersonRequest, conversation: Conversation) -> HttpResponse:
    context: dict[str, Any] = {"conversation": conversation}
    context["form_template"] = "conversations/delete.html"
    if is_htmx(request):
        return render(request, "conversations/in_place.html", context)
    return render(request, "conversations/change.html", context | sidebar(request, conversation.id))
