"""Problem documents (RFC 9457): how the API says that something is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from streaming.events import dumps

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Raised anywhere in a call; the API answers with it and nothing else happens."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or HTTPStatus(status).phrase)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def response(self) -> HttpResponse:
        return problem(self.status, self.detail, self.errors, self.headers)


def problem(
    status: int,
    detail: str = "",
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """``{type, title, status, detail?, errors?}``; ``errors`` are ``{field, message}`` each."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
    }
    if detail:
        document["detail"] = detail
    if errors:
        document["errors"] = list(errors)
    return HttpResponse(
        dumps(document), content_type=CONTENT_TYPE, status=status, headers=dict(headers or {})
    )
