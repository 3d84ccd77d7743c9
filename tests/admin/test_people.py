"""People, groups and tokens in the admin: who may give which rights."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from conversations.models import ApiToken, Person
from tests.factories import ApiTokenFactory, PersonFactory

from .conftest import listing, page, staff

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "seven swans a-swimming"


def form(client: Client, person: Person) -> dict[str, Any]:
    """What the page's form would send, unchanged."""
    fields = client.get(page(person)).context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields if name != "password"}
    return {name: value for name, value in values.items() if value not in (None, False)}


def save(client: Client, person: Person, **changes: Any) -> Person:
    sent = {**form(client, person), **changes}
    client.post(page(person), {name: value for name, value in sent.items() if value is not None})
    person.refresh_from_db()
    return person


def password_page(person: Person) -> str:
    return reverse("admin:auth_user_password_change", args=[person.pk])


def test_it_lets_an_administrator_give_rights(admin: Client) -> None:
    reviewers = Group.objects.create(name="Reviewers")
    person = save(admin, PersonFactory.create(), is_staff="on", groups=[reviewers.pk])
    assert person.is_staff
    assert list(person.groups.all()) == [reviewers]


def test_it_lets_an_administrator_add_people(admin: Client) -> None:
    path = reverse("admin:conversations_person_add")
    sent = {"username": "new", "usable_password": "true"}
    admin.post(path, {**sent, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert Person.objects.get(username="new").check_password(NEW_PASSWORD)


def test_it_lets_an_administrator_set_a_password(admin: Client) -> None:
    person = PersonFactory.create()
    sent = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    admin.post(password_page(person), {**sent, "set-password": "1"})
    person.refresh_from_db()
    assert person.check_password(NEW_PASSWORD)


def test_it_lets_an_operator_suspend_and_no_more() -> None:
    operator = staff("view_person", "change_person")
    person = PersonFactory.create(email="kept@example.org")
    rights = {"is_staff": "on", "is_superuser": "on", "email": "mine@example.org", "username": "x"}
    save(operator, person, is_active=None, first_name="Al", **rights)
    assert (person.is_active, person.first_name) == (False, "Al")
    assert not person.is_staff
    assert not person.is_superuser
    assert person.email == "kept@example.org"
    assert person.username != "x"
    assert operator.get(password_page(person)).status_code == 403
    assert operator.post(password_page(person), {}).status_code == 403
    assert person.password not in operator.get(page(person)).content.decode()


def test_it_keeps_operators_away_from_administrators(administrator: Person) -> None:
    operator = staff("view_person", "change_person")
    assert operator.get(page(administrator)).status_code == 200
    assert operator.post(page(administrator), {"first_name": "x"}).status_code == 403


def test_it_leads_to_what_is_a_persons(admin: Client) -> None:
    person = PersonFactory.create(username="a&b=c@d+e")
    content = admin.get(page(person)).content.decode()
    assert "?person=a%26b%3Dc%40d%2Be" in content


def test_it_deletes_nobody(admin: Client) -> None:
    person = PersonFactory.create()
    path = reverse("admin:conversations_person_delete", args=[person.pk])
    assert admin.post(path, {"post": "yes"}).status_code == 403
    assert Person.objects.filter(pk=person.pk).exists()


def test_it_lets_administrators_alone_write_groups(admin: Client) -> None:
    path = reverse("admin:auth_group_add")
    stop = Permission.objects.get(codename="change_generation")
    assert staff("add_group", "change_group", "view_group").get(path).status_code == 403
    admin.post(path, {"name": "Operators", "permissions": [stop.pk]})
    assert list(Group.objects.get(name="Operators").permissions.all()) == [stop]
    assert "Stop answers" in admin.get(path).content.decode()


def test_it_revokes_selected_tokens(admin: Client) -> None:
    token, other = ApiTokenFactory.create_batch(2)
    selected = {"action": "revoke_selected", "_selected_action": [token.pk], "index": "0"}
    staff("view_apitoken").post(listing(ApiToken), selected)
    assert ApiToken.objects.valid().count() == 2
    admin.post(listing(ApiToken), selected)
    assert list(ApiToken.objects.valid()) == [other]


def test_it_shows_no_digest(admin: Client) -> None:
    token = ApiTokenFactory.create()
    for path in (page(token), listing(ApiToken)):
        assert token.digest not in admin.get(path).content.decode()
