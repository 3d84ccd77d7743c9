"""Messages: say something, follow the answer, stop it, ask again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse, HttpResponseBase
from ninja import Router, Schema
from ninja.responses import Response
from pydantic import ConfigDict, Field, StringConstraints, field_validator

from streaming.node import node
from streaming.responses import stream

from .. import access, answering, answers
from ..asking import Asked
from ..models import Message, Person
from ..problems import Problem
from .callers import Call, key_of
from .conversations import ModelId
from .negotiation import responds_async, wire_of
from .paging import Page, PagingQuery, cursor_of

router = Router(tags=["messages"])

#: In code points.
LONGEST_TEXT = 1_000_000


class Options(Schema):
    """What a model is told beside the prompt; a model that does not take one is not told it."""

    model_config = ConfigDict(extra="forbid")
    max_tokens: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Field(strict=True, ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(strict=True, ge=0, le=1)] | None = None
    seed: Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)] | None = None
    stop: (
        Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=4)]
        | None
    ) = None
    reasoning_effort: Literal["minimal", "low", "medium", "high"] | None = None


class How(Schema):
    """How an answer is to be made; everything may be left out."""

    model_config = ConfigDict(extra="forbid")
    model: ModelId | None = None
    options: Options | None = None

    def terms(self) -> dict[str, Any]:
        options = self.options.dict(exclude_none=True) if self.options else {}
        return {"model": self.model or "", "options": options}


class Words(How):
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("There is nothing in it but white space.")
        return text


class Question(Words):
    parent_id: UUID | None = None
    attachments: Annotated[list[Any], Field(max_length=0)] = []


class PartOut(Schema):
    type: str
    text: str
    name: str | None = None
    call: str | None = None


class MessageOut(Schema):
    id: UUID
    conversation_id: UUID
    parent_id: UUID | None
    role: str
    status: Literal["queued", "running", "done", "stopped", "incomplete", "failed"]
    parts: list[PartOut]
    #: Follow from here; empty for what a person said.
    cursor: str
    model: str | None
    reason: str | None
    error: dict[str, Any] | None
    usage: dict[str, Any] | None
    timings: dict[str, Any] | None
    #: How many runs it took so far: above 1 it was gone on with after a loss.
    attempts: int | None
    created_at: datetime


class Accepted(Schema):
    message_id: UUID
    conversation_id: UUID
    status: str
    events: str


class Receipt(Schema):
    message_id: UUID
    status: str
    #: The one that the ``stopped`` event carries; null when the answer had ended before.
    receipt: UUID | None


def as_json(message: Message) -> dict[str, Any]:
    """A message as the API shows it; asks the database for the log of one that runs."""
    state = answers.state(message)
    return {
        "id": message.pk,
        "conversation_id": message.conversation_id,
        "parent_id": message.parent_id,
        "role": message.role,
        "status": state.status,
        "parts": [part.as_json() for part in state.parts],
        "cursor": state.cursor,
        "model": message.generation.model if message.generation else None,
        "reason": state.reason or None,
        "error": state.error,
        "usage": state.usage and state.usage.as_json(),
        "timings": state.timings and state.timings.as_json(),
        "attempts": message.generation.attempt if message.generation else None,
        "created_at": message.created_at,
    }


@router.get("/conversations/{uuid:id}/messages", response=Page[MessageOut], summary="List messages")
def list_messages(
    request: Call,
    id: UUID,
    paging: PagingQuery,
    branch: Literal["current", "all"] = "current",
) -> dict[str, Any]:
    """The current branch, oldest first; with ``branch=all`` the whole tree in order of creation."""
    conversation = access.conversation(request.auth, id)
    if branch == "all":
        found = list(conversation.messages.with_generation().order_by("id"))
    else:
        found = conversation.branch()
    if key := paging.key(str):
        ids = [str(message.pk) for message in found]
        if key[0] not in ids:
            message = "The branch has changed. Start without a cursor."
            raise Problem(422, errors=[{"field": "cursor", "message": message}])
        found = found[ids.index(key[0]) + 1 :]
    page = found[: paging.limit]
    more = len(found) > len(page)
    return {
        "items": [as_json(message) for message in page],
        "next": cursor_of(str(page[-1].pk)) if more else None,
    }


STREAMS: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The answer as it comes, or at its end",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
}
ANSWER = {200: MessageOut, 202: Accepted}


@router.post(
    "/conversations/{uuid:id}/messages", response=ANSWER, openapi_extra=STREAMS, summary="Ask"
)
async def ask(request: Call, id: UUID, body: Question) -> HttpResponseBase:
    """Say something and get the answer, as ``Accept`` has it."""
    asked = await answering.ask(
        request.auth,
        id,
        text=body.text,
        parent_id=body.parent_id,
        key=key_of(request),
        **body.terms(),
    )
    return await answer(request, asked)


@router.post(
    "/messages/{uuid:id}/regenerate", response=ANSWER, openapi_extra=STREAMS, summary="Ask again"
)
async def regenerate(request: Call, id: UUID, body: How | None = None) -> HttpResponseBase:
    """A sibling answer to the same question."""
    return await _again(request, id, "regenerate", body)


@router.post(
    "/messages/{uuid:id}/continue", response=ANSWER, openapi_extra=STREAMS, summary="Go on"
)
async def go_on(request: Call, id: UUID, body: How | None = None) -> HttpResponseBase:
    """A sibling answer that begins with this one's text and goes on from there."""
    return await _again(request, id, "continue", body)


@router.post(
    "/messages/{uuid:id}/edit", response=ANSWER, openapi_extra=STREAMS, summary="Say it otherwise"
)
async def edit(request: Call, id: UUID, body: Words) -> HttpResponseBase:
    """A sibling user message, and its answer."""
    return await _again(request, id, "edit", body, text=body.text)


async def _again(
    request: Call, id: UUID, how: str, body: How | None, text: str = ""
) -> HttpResponseBase:
    terms = (body or How()).terms()
    asked = await answering.again(request.auth, id, how, text=text, key=key_of(request), **terms)
    return await answer(request, asked)


@router.get("/messages/{uuid:id}", response=MessageOut, summary="Read a message")
def read_message(request: Call, id: UUID) -> dict[str, Any]:
    """With its parts so far, and the cursor to follow on from."""
    return as_json(access.message(request.auth, id))


@router.get(
    "/messages/{uuid:id}/events", response=MessageOut, openapi_extra=STREAMS, summary="Follow"
)
async def follow(request: Call, id: UUID, after: str | None = None) -> HttpResponseBase:
    """From a cursor (``after``, or ``Last-Event-ID``): history first and then live."""
    message = await sync_to_async(access.answer)(request.auth, id)
    cursor = request.headers.get("Last-Event-ID", "") if after is None else after
    generation = message.generation
    if generation is None or answers.is_last(generation, cursor):
        return HttpResponse(status=204)
    return await _follow(request, message, cursor)


@router.post("/messages/{uuid:id}/stop", response=Receipt, summary="Stop")
async def stop(request: Call, id: UUID) -> dict[str, Any]:
    """Stop the answer. Asking again gives the same receipt."""
    message, receipt = await answering.stop(request.auth, id)
    return {"message_id": message.pk, "status": message.status, "receipt": receipt}


async def answer(request: Call, asked: Asked) -> HttpResponseBase:
    """The response of an answering call: a stream, a receipt, or the finished message."""
    message = asked.answer
    location = f"/api/v1/messages/{message.pk}/events"
    if responds_async(request):
        accepted = Accepted(
            message_id=message.pk,
            conversation_id=message.conversation_id,
            status=message.status,
            events=location,
        )
        headers = {"Location": location, "Preference-Applied": "respond-async"}
        return _json(accepted, message, status=202, headers=headers)
    return await _follow(request, message, "", asked)


async def _follow(
    request: Call, message: Message, cursor: str, asked: Asked | None = None
) -> HttpResponseBase:
    assert message.generation is not None
    wire = wire_of(request)
    if wire is None and not message.is_live:
        return await sync_to_async(_finished)(request.auth, message.pk)
    known = asked.begun.entries if asked and asked.begun else ()
    follower = node().follow(message.generation, cursor, known)
    if wire is not None:
        response: HttpResponseBase = stream(follower, wire(message.pk), node().shutdown)
        response["X-Message-Id"] = str(message.pk)
        return response
    await follower.to_the_end(node().shutdown)
    if not follower.ended and node().shutdown.draining:
        raise Problem(503, "The server is about to close. Ask again with the same key.")
    return await sync_to_async(_finished)(request.auth, message.pk)


def _finished(person: Person, id: UUID) -> HttpResponse:
    message = access.message(person, id)
    return _json(MessageOut(**as_json(message)), message)


def _json(body: Schema, message: Message, **kwargs: Any) -> HttpResponse:
    response = Response(body.model_dump(), **kwargs)
    response["X-Message-Id"] = str(message.pk)
    return response
