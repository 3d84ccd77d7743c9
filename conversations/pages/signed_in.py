"""A page for people who are signed in; others are shown the way in and back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from ..models import Person

R = TypeVar("R", HttpResponse, Coroutine[Any, Any, HttpResponse])


class PersonRequest(HttpRequest):
    """A request whose ``user`` is somebody."""

    user: Person


def signed_in(view: Callable[..., R]) -> Callable[..., R]:
    """For views of either colour. An answer to htmx makes the whole page go to the sign-in."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_authenticated:
            return way_in(request)
        return view(request, *args, **kwargs)

    @wraps(view)
    async def async_page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        person = await request.auser()
        if not person.is_authenticated:
            return way_in(request)
        request.user = person
        return await cast("Any", view(request, *args, **kwargs))

    wrapped: Any = async_page if iscoroutinefunction(view) else page
    return cast("Callable[..., R]", wrapped)


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of a page is asked for, and not a page."""
    return "HX-Request" in request.headers


def way_in(request: HttpRequest) -> HttpResponse:
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    back = request.get_full_path() if request.method == "GET" else "/"
    return redirect_to_login(back)
