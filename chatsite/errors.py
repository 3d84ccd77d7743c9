"""What a person or a program reads when something is wrong: a page, or a problem document."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.problems import problem

#: Paths that programs call; everything else is for people.
API_PREFIXES = ("/api/", "/v1/", "/healthz", "/readyz", "/metrics")

WORDS = {
    400: (_("That request made no sense"), _("Go back and try again.")),
    403: (_("That is not allowed"), _("Reload the page and try again.")),
    404: (
        _("There is nothing here"),
        _("It was deleted, or it belongs to somebody else."),
    ),
    500: (_("Something broke on our side"), _("It was written down. What you sent is not lost.")),
    503: (
        _("Not just now"),
        _("We cannot do this for a moment. Nothing that was said is lost: try again soon."),
    ),
}
#: Seconds after which who was answered 503 should ask again.
RETRY_AFTER_S = 2


def is_for_programs(path: str) -> bool:
    """Whether errors under this path are problem documents."""
    return path.startswith(API_PREFIXES)


def answer(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The right kind of error answer: htmx, which asks for parts of a page, reloads the page."""
    title, advice = WORDS[status]
    if is_for_programs(request.path):
        return problem(status, detail=detail)
    if "HX-Request" in request.headers:
        # A page that is whole but for this part stays as it is while we are away.
        headers = {"HX-Reswap": "none"} if status == 503 else {"HX-Refresh": "true"}
        return HttpResponse(status=status, headers=headers)
    context = {"title": title, "advice": detail or advice, "status": status}
    return render(request, "error.html", context, status=status)


def come_again(request: HttpRequest, detail: str) -> HttpResponse:
    """The answer to what may succeed a little later; ``detail`` is for programs."""
    response = answer(request, 503, str(detail) if is_for_programs(request.path) else "")
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's view for a missing or wrong CSRF token."""
    advice = gettext("The page was open for too long. Go back, reload it and try again.")
    return answer(request, 403, advice)
