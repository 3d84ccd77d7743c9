"""Callers: whose call it is, by session cookie or bearer token."""

from __future__ import annotations

import re

from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from ..models import ApiToken, Person
from ..problems import Problem

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Call(HttpRequest):
    """A request that :class:`Caller` let in."""

    auth: Person


class Caller(AuthBase):
    """Sets ``request.auth`` to the person. Asks the database: the framework runs it in a thread."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "token"

    def __call__(self, request: HttpRequest) -> Person:
        """Raises :class:`Problem` 401 for nobody, 403 for one who may not do this."""
        header = request.headers.get("Authorization", "")
        return _by_token(request, header) if header else _by_session(request)


def _by_token(request: HttpRequest, header: str) -> Person:
    scheme, _, secret = header.partition(" ")
    token = ApiToken.objects.find(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise _unauthorized("This token is not valid (any more).")
    if request.method not in SAFE_METHODS and token.scope != ApiToken.Scope.WRITE:
        raise Problem(403, "This token may only read.")
    return token.person


def _by_session(request: HttpRequest) -> Person:
    person = request.user
    if not person.is_authenticated:
        raise _unauthorized("Sign in, or send a token as Authorization: Bearer.")
    if request.method not in SAFE_METHODS and check_csrf(request) is not None:
        raise Problem(403, "The CSRF token is missing or wrong. Send it as X-CSRFToken.")
    return person


def _unauthorized(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def key_of(request: HttpRequest) -> str:
    """The ``Idempotency-Key``; empty without one. Raises :class:`Problem` for a malformed one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise Problem(400, "An Idempotency-Key is 1 to 255 visible ASCII characters.")
    return key
