"""The browsable reference at /api/v1/docs, under the site's own content security policy."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase


class Reference(DocsBase):
    """Swagger UI, from our own origin."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        context = {"openapi_url": self.get_openapi_url(api, kwargs), "title": api.title}
        response = render(request, "api_reference.html", context)
        # Swagger UI writes HTML strings, so this one page does without Trusted Types; it shows
        # nothing that a person wrote.
        response.csp = {  # type: ignore[attr-defined]
            "style-src": "'self' 'unsafe-inline'",
            "require-trusted-types-for": None,
            "trusted-types": None,
        }
        return response
