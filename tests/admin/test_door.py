"""Who gets into the admin: by the product's own sign-in, and only staff."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation
from tests.factories import PASSWORD, PersonFactory

from .conftest import exchange, listing, page, staff

pytestmark = pytest.mark.django_db


def test_it_sends_strangers_to_the_products_sign_in(client: Client) -> None:
    wanted = listing(Conversation)
    response = client.get(wanted, follow=True)
    assert (
        response.redirect_chain[-1][0]
        == f"{reverse('account_login')}?{urlencode({'next': wanted})}"
    )


def test_it_checks_no_password_itself(client: Client) -> None:
    """Guesses go where they are counted."""
    PersonFactory.create(username="ada", administrator=True)
    response = client.post(reverse("admin:login"), {"username": "ada", "password": PASSWORD})
    assert response.url.startswith(reverse("account_login"))  # type: ignore[attr-defined]
    assert "_auth_user_id" not in client.session


def test_it_refuses_people_who_are_not_staff(client: Client) -> None:
    client.force_login(PersonFactory.create(), backend="django.contrib.auth.backends.ModelBackend")
    response = client.get(reverse("admin:index"), follow=True)
    assert response.status_code == 403


def test_it_shows_staff_only_what_they_may_view() -> None:
    reviewer = staff("view_conversation")
    made = exchange()
    assert reviewer.get(page(made.conversation)).status_code == 200
    for row in (made.answer, made.generation, made.conversation.owner):
        assert reviewer.get(page(row)).status_code == 403


def test_it_signs_out(admin: Client) -> None:
    response = admin.post(reverse("admin:logout"))
    assert response.url == reverse("account_login")  # type: ignore[attr-defined]
    assert "_auth_user_id" not in admin.session


def test_it_leaves_passwords_to_the_products_own_page(admin: Client) -> None:
    response = admin.get(reverse("admin:password_change"))
    assert response.url == reverse("account_change_password")  # type: ignore[attr-defined]
