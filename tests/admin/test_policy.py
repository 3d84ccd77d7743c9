"""What the admin's pages may load: its own script files and nothing else."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def directives(client: Client, path: str) -> dict[str, str]:
    header = client.get(path)["Content-Security-Policy"]
    return dict([*part.split(" ", 1), ""][:2] for part in header.split("; "))


def test_it_allows_its_own_scripts_only(admin: Client) -> None:
    policy = directives(admin, reverse("admin:index"))
    assert policy["script-src"] == "testserver/static/admin/js/ testserver/admin/jsi18n/"
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


def test_it_lets_nothing_make_markup_from_strings(admin: Client) -> None:
    policy = directives(admin, reverse("admin:index"))
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"


def test_it_keeps_the_products_policy_where_people_sign_in(client: Client) -> None:
    response = client.get(reverse("admin:index"), follow=True)
    assert "'strict-dynamic'" in response["Content-Security-Policy"]


def test_it_loads_static_files_from_where_they_are(admin: Client, settings: Settings) -> None:
    settings.STATIC_URL = "https://files.example.org/s/"
    policy = directives(admin, reverse("admin:index"))
    assert policy["script-src"].startswith("https://files.example.org/s/admin/js/ ")


def test_it_works_at_an_ipv6_address(admin: Client) -> None:
    response = admin.get(reverse("admin:index"), headers={"host": "[::1]:8000"})
    assert "script-src 'self';" in response["Content-Security-Policy"]
