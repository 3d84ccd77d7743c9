"""Django's middleware, run on the event loop.

Stock Django moves every middleware's two steps to a thread, which costs an answering call some
fifteen hops before its first byte. None of the steps below waits for anything, save the two that
are sent to a thread here: a changed session is saved, and a form's CSRF token is read.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin

from conversations import problems
from streaming.log.outage import is_away
from streaming.shutdown import shutdown

from . import errors
from .errors import is_for_programs
from .handler import is_stuck

logger = logging.getLogger(__name__)

AWAY = "The database does not answer. Ask again in a moment, with the same Idempotency-Key."
CLOSING = "This server is about to close. Ask again, with the same Idempotency-Key."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class InLine(MiddlewareMixin):
    """A middleware whose steps never wait: no thread is asked."""

    if TYPE_CHECKING:
        process_request: Any
        process_response: Any

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.process_request(request) if hasattr(self, "process_request") else None
        response = response or await self.get_response(request)  # type: ignore[misc]
        return await self.finish(request, response)

    async def finish(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        if hasattr(self, "process_response"):
            response = self.process_response(request, response)
        return response  # type: ignore[no-any-return]


class Security(InLine, SecurityMiddleware):
    pass


class Common(InLine, CommonMiddleware):
    pass


class Authentication(InLine, AuthenticationMiddleware):
    pass


class Messages(InLine, MessageMiddleware):
    """In line because messages are kept in a cookie (``MESSAGE_STORAGE``)."""


class Frames(InLine, XFrameOptionsMiddleware):
    pass


class Sessions(InLine, SessionMiddleware):
    async def finish(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        step = self.process_response
        if request.session.modified:
            step = sync_to_async(step)
            try:
                return await step(request, response)  # type: ignore[no-any-return]
            except DatabaseError as error:
                if not is_away(error):
                    raise
                return errors.come_again(request, AWAY)
        return step(request, response)  # type: ignore[no-any-return]


class Away(InLine):
    """What cannot be done just now is told so, in words and with a time to ask again (503)."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        if shutdown.draining and request.method not in SAFE_METHODS:
            return errors.come_again(request, CLOSING)
        if is_stuck(request) and request.path != "/healthz":
            return errors.come_again(request, AWAY)
        return None

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if response.status_code == 503:
            response.headers.setdefault("Retry-After", str(errors.RETRY_AFTER_S))
            response._has_been_logged = True  # as far as it goes: to Django it would be an error
        if shutdown.draining:
            response.headers["Connection"] = "close"
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if not is_away(error):
            return None
        logger.warning("503, since the database is away: %s", str(error).strip())
        return errors.come_again(request, AWAY)


class Csrf(InLine, CsrfViewMiddleware):
    async def process_view(  # type: ignore[override]
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        step = super().process_view
        if request.method in SAFE_METHODS or getattr(view, "csrf_exempt", False):
            return step(request, view, args, kwargs)
        return await sync_to_async(step)(request, view, args, kwargs)


class Problems(InLine):
    """Whatever goes wrong under a path for programs is told as a problem document."""

    def process_response(self, request: Any, response: Any) -> Any:
        if (
            response.status_code >= 400
            and is_for_programs(request.path)
            and response.get("Content-Type") != problems.CONTENT_TYPE
        ):
            headers = {"Allow": response["Allow"]} if "Allow" in response else {}
            return problems.problem(response.status_code, headers=headers)
        return response


class ContentSecurityPolicy(InLine):
    """A nonce for every page, and the policy that trusts nothing else.

    ``request.csp_nonce`` is for the page's own inline scripts. A view may relax single
    directives for its own response with ``response.csp = {"directive": "sources"}``.
    """

    def process_request(self, request: Any) -> None:
        request.csp_nonce = secrets.token_urlsafe(16)

    def process_response(self, request: Any, response: Any) -> Any:
        if "Content-Security-Policy" not in response:
            directives = policy(request.csp_nonce) | getattr(response, "csp", {})
            response["Content-Security-Policy"] = "; ".join(
                f"{name} {sources}".rstrip()
                for name, sources in directives.items()
                if sources is not None
            )
        return response


def policy(nonce: str) -> dict[str, str | None]:
    """The directives of a page with this nonce; ``None`` leaves a directive out."""
    return {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}' 'strict-dynamic'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "app",
    }
