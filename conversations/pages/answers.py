"""Stop an answer, go on with one, or get another: the forms below it."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from .. import access, answering
from ..problems import Problem
from .conversation import page
from .signed_in import PersonRequest, signed_in


@require_POST
@signed_in
async def stop(request: PersonRequest, id: UUID) -> HttpResponse:
    message = await sync_to_async(access.message)(request.user, id)
    await answering.stop(request.user, id)
    return redirect("conversations:conversation", message.conversation_id)


@require_POST
@signed_in
async def again(request: PersonRequest, id: UUID) -> HttpResponse:
    """``how`` is ``continue`` or ``regenerate``."""
    message = await sync_to_async(access.message)(request.user, id)
    how = "continue" if request.POST.get("how") == "continue" else "regenerate"
    try:
        await answering.again(request.user, id, how)
    except Problem as problem:
        show, why = sync_to_async(page), str(problem)
        return await show(request, message.conversation, complaint=why, status=problem.status)
    return redirect("conversations:conversation", message.conversation_id)
