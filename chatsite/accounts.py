"""Accounts: who may sign up, and what the first one becomes."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from conversations.models import Person


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's ways, with a door that can be closed and an administrator who comes first."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always for the very first person: somebody has to administer this."""
        return settings.SIGNUP_OPEN or not Person.objects.exists()

    def save_user(
        self, request: HttpRequest, user: Person, form: Any, commit: bool = True
    ) -> Person:
        with transaction.atomic():
            if not Person.objects.exists():
                user.is_staff = user.is_superuser = True
            super().save_user(request, user, form, commit)
        return user
