"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from conversations.models import Person

from .import_map import import_map, modules


def site(request: HttpRequest) -> dict[str, Any]:
    """``csp_nonce``; ``import_map`` (JSON, safe inside a script element) and ``modules`` (name to
    URL); ``nobody_yet`` and ``signup_open``, which ask the database where a template uses them."""
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "import_map": import_map,
        "modules": modules,
        "nobody_yet": lambda: not Person.objects.exists(),
        "signup_open": lambda: settings.SIGNUP_OPEN or not Person.objects.exists(),
    }
