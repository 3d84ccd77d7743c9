"""Say something, without a script: a form, and a page that shows what there is."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from .. import access, answering
from ..forms import AskForm
from ..models import Conversation
from ..problems import Problem
from .conversation import page
from .signed_in import PersonRequest, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
async def ask(request: PersonRequest, id: UUID | None = None) -> HttpResponse:
    """In conversation ``id``, or in a new one."""
    person = request.user
    conversation = await sync_to_async(access.conversation)(person, id) if id else None
    if request.method == "GET":  # the address of a page that said what was wrong, once more
        return redirect("conversations:conversation", id) if id else redirect("conversations:home")
    show = sync_to_async(page)
    form = AskForm(request.POST)
    if not form.is_valid():
        return await show(request, conversation, form=form, complaint=form.complaint, status=422)
    said = form.cleaned_data
    place = conversation or Conversation(owner=person, model=said["model"])
    if conversation is None:
        await place.asave()
    try:
        await answering.ask(person, place.id, **said)
    except Problem as problem:
        if conversation is None:
            await place.adelete()
        why = str(problem)
        return await show(request, conversation, form=form, complaint=why, status=problem.status)
    return redirect("conversations:conversation", place.id)
