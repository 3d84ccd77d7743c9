"""Conversations: list, create, read, change, delete."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StrictBool, StringConstraints

from .. import access, answering
from ..models import Conversation
from ..models.conversations import TITLE_LENGTH, ConversationQuerySet
from ..problems import Problem
from .callers import Call, key_of
from .paging import Page, PagingQuery, cursor_of

router = Router(tags=["conversations"])

NO_NUL = r"^[^\x00]*$"
Title = Annotated[str, StringConstraints(max_length=TITLE_LENGTH, pattern=NO_NUL)]
SystemPrompt = Annotated[str, StringConstraints(max_length=100_000, pattern=NO_NUL)]
ModelId = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
Search = Annotated[str, StringConstraints(pattern=NO_NUL)]


class ConversationIn(Schema):
    model_config = ConfigDict(extra="forbid")
    title: Title = ""
    system_prompt: SystemPrompt = ""
    model: ModelId = ""


class ConversationChange(Schema):
    model_config = ConfigDict(extra="forbid")
    title: Title | None = None
    system_prompt: SystemPrompt | None = None
    model: ModelId | None = None
    pinned: StrictBool | None = None
    archived: StrictBool | None = None
    #: The leaf of the branch to show.
    current_message_id: UUID | None = None


class ConversationOut(Schema):
    id: UUID
    title: str
    system_prompt: str
    model: str
    pinned: bool
    archived: bool
    current_message_id: UUID | None = Field(None, validation_alias="current_id")
    created_at: datetime
    updated_at: datetime


@router.get("/conversations", response=Page[ConversationOut], summary="List conversations")
def list_conversations(
    request: Call, paging: PagingQuery, q: Search = "", archived: bool = False
) -> dict[str, Any]:
    """Pinned ones first, then the latest."""
    found = Conversation.objects.of(request.auth).listed(archived)
    if q:
        found = found.filter(Q(title__icontains=q))
    if key := paging.key(bool, str, str):
        found = _behind(found, *key)
    rows = list(found[: paging.limit + 1])
    page = rows[: paging.limit]
    last = page[-1] if len(rows) > len(page) else None
    return {
        "items": page,
        "next": last and cursor_of(last.pinned, last.updated_at.isoformat(), str(last.pk)),
    }


def _behind(
    found: ConversationQuerySet, pinned: bool, updated_at: str, id: str
) -> ConversationQuerySet:
    try:
        when, pk = datetime.fromisoformat(updated_at), UUID(id)
        if when.tzinfo is None:
            raise ValueError("a time without a zone")
        when = when.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "This is not a cursor of this list. Start without one."
        raise Problem(422, errors=[{"field": "cursor", "message": message}]) from error
    older = Q(updated_at__lt=when) | Q(updated_at=when, id__lt=pk)
    behind = Q(pinned=pinned) & older
    return found.filter(behind | Q(pinned=False) if pinned else behind)


@router.post("/conversations", response={201: ConversationOut}, summary="Create a conversation")
async def create_conversation(
    request: Call, body: ConversationIn | None = None
) -> tuple[int, Conversation]:
    """With an ``Idempotency-Key``, the same key again gives the same conversation."""
    body = body or ConversationIn()
    await answering.check_model(body.model)
    if key := key_of(request):
        digest = hashlib.sha256(body.json().encode()).hexdigest()
        made, _ = await Conversation.objects.aget_or_create(
            owner=request.auth,
            creation_key=key,
            defaults={**body.dict(), "creation_digest": digest},
        )
        if made.creation_digest != digest:
            raise Problem(422, answering.OTHER_CALL)
    else:
        made = await Conversation.objects.acreate(owner=request.auth, **body.dict())
    return 201, made


@router.get("/conversations/{uuid:id}", response=ConversationOut, summary="Read a conversation")
def read_conversation(request: Call, id: UUID) -> Conversation:
    return access.conversation(request.auth, id)


@router.patch("/conversations/{uuid:id}", response=ConversationOut, summary="Change a conversation")
async def change_conversation(request: Call, id: UUID, body: ConversationChange) -> Conversation:
    """Only the fields that are sent are changed."""
    changes = body.dict(exclude_none=True)
    await answering.check_model(changes.get("model", ""))
    return await answering.change(request.auth, id, changes)


@router.delete("/conversations/{uuid:id}", response={204: None}, summary="Delete a conversation")
async def delete_conversation(request: Call, id: UUID) -> HttpResponse:
    """Messages and answers go with it; what still runs is stopped."""
    await answering.delete(request.auth, id)
    return HttpResponse(status=204)
