"""What the protocol says of answers that say no (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tests.client import Answer


def assert_problem(answer: Answer, status: int, field: str = "") -> Any:
    """A problem document of this status, which names ``field`` if one is given. Returns it."""
    assert answer.status == status, (answer.status, answer.body[:500])
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    document = answer.json
    assert document["status"] == status
    assert document["title"] == HTTPStatus(status).phrase
    assert isinstance(document["type"], str)
    assert isinstance(document.get("detail", ""), str)
    errors = document.get("errors", [])
    assert all(error["field"] and error["message"] for error in errors), document
    if field:
        assert field in [error["field"] for error in errors], document
    if status == HTTPStatus.UNAUTHORIZED:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        assert answer.headers["allow"]
    return document


def is_no_http(answer: Answer) -> bool:
    """What uvicorn's parser says, before we are asked, to bytes that HTTP does not allow."""
    return (answer.status, answer.body) == (400, b"Invalid HTTP request received.")
