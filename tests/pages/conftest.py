"""Somebody who is signed in, and static files without their hashes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from conversations.models import Person
from tests.factories import PersonFactory

from .document import Document


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Settings) -> None:
    """A hash that is slow by design is slow in tests, too."""
    md5 = "django.contrib.auth.hashers.MD5PasswordHasher"
    settings.PASSWORD_HASHERS = [md5, *settings.PASSWORD_HASHERS]


@pytest.fixture
def alice(db: None) -> Person:
    return PersonFactory.create(username="alice")


@pytest.fixture
def charlie(db: None) -> Person:
    """A stranger."""
    return PersonFactory.create(username="charlie")


@pytest.fixture
def browser(alice: Person) -> Client:
    """Where Alice is signed in."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def visit(browser: Client) -> Callable[..., Document]:
    """The page at a path, as Alice gets it; ``htmx=...`` asks for a part, from that page."""

    def get(path: str, *, htmx: str = "", status: int = 200) -> Document:
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{htmx}"}
        response = browser.get(path, headers=headers if htmx else {})
        assert response.status_code == status, response.content[:500]
        return Document(response.content.decode())

    return get
