"""Give a conversation another name, in its place in the list."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .. import access
from ..forms import RenameForm
from .sidebar import item_context, sidebar
from .signed_in import PersonRequest, is_htmx, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
def rename(request: PersonRequest, id: UUID) -> HttpResponse:
    conversation = access.conversation(request.user, id)
    posted = request.POST if request.method == "POST" else None
    form = RenameForm(posted, initial={"title": conversation.title})
    if form.is_valid():
        conversation.title = form.cleaned_data["title"]
        conversation.save(update_fields=["title"])
        if not is_htmx(request):
            return redirect("conversations:conversation", id)
        return render(request, "conversations/renamed.html", item_context(request, id))
    context = {"conversation": conversation, "form": form}
    context["form_template"] = "conversations/rename.html"
    status = 422 if form.is_bound else 200
    if is_htmx(request):
        return render(request, "conversations/in_place.html", context, status=status)
    context |= sidebar(request, id)
    return render(request, "conversations/change.html", context, status=status)
