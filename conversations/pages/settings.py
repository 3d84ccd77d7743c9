"""Settings: the account, and the tokens that let programs in."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ..forms import TokenForm
from ..models import ApiToken
from .sidebar import sidebar
from .signed_in import PersonRequest, is_htmx, signed_in


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def settings(request: PersonRequest) -> HttpResponse:
    """``POST`` makes a token. Its secret is in that one answer and nowhere else."""
    if request.method == "GET":
        return show(request, TokenForm(initial={"name": ""}))
    form = TokenForm(request.POST)
    if not form.is_valid():
        return show(request, form, status=422)
    token, secret = ApiToken.issue(request.user, **form.cleaned_data)
    return show(request, TokenForm(), secret=secret, issued=token.name)


@require_POST
@signed_in
def revoke_token(request: PersonRequest, id: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=id, person=request.user, revoked_at=None)
    token.revoke()
    if is_htmx(request):
        return show(request, TokenForm(), revoked=token.name)
    return redirect("conversations:settings")


def show(
    request: PersonRequest, form: TokenForm, *, status: int = 200, **shown: Any
) -> HttpResponse:
    tokens = ApiToken.objects.filter(person=request.user, revoked_at=None)
    context = {"form": form, "tokens": tokens, **shown}
    if is_htmx(request):
        return render(request, "settings/tokens.html", context, status=status)
    return render(request, "settings.html", context | sidebar(request), status=status)
