"""The REST API, one file per noun. Its reference is docs/protocol.md and /api/v1/docs."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from streaming.models import Generation

from ..problems import Problem, problem
from . import conversations, messages, models
from .callers import Caller
from .documentation import Reference
from .json import StrictParser

#: A refusal is short, whatever was sent: so many fields are named, by so many characters.
MOST_ERRORS = 50
LONGEST_FIELD = 200

api = NinjaAPI(
    title="Unbroken",
    version="1",
    description="Chat with models; answers are never lost.",
    urls_namespace="api",
    auth=Caller(),
    docs=Reference(),
    parser=StrictParser(),
)
api.add_router("", models.router)
api.add_router("", conversations.router)
api.add_router("", messages.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return error.response()


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    # The framework wraps whatever a parser raises.
    if isinstance(error.__cause__, Problem):
        return error.__cause__.response()
    return problem(error.status_code, error.message)


@api.exception_handler(Generation.DoesNotExist)  # deleted between two reads
@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(404, "There is nothing here that is yours.")


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, f"A body may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"field": _field(found["loc"]), "message": str(found["msg"])}
        for found in error.errors[:MOST_ERRORS]
    ]
    return problem(422, "Some fields are not as they should be.", errors)


def _field(location: tuple[str | int, ...]) -> str:
    """``("body", "body", "options", "stop", 0)`` is ``options.stop.0`` to who sent it."""
    steps = list(location)
    if steps and steps[0] in ("body", "query", "path", "header"):
        steps = steps[2:] if steps[0] == "body" else steps[1:]
    return ".".join(str(step) for step in steps)[:LONGEST_FIELD] or "body"
