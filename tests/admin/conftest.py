"""Somebody signed in to the admin, and the addresses of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from conversations.models import Conversation, Message, Person
from streaming.models import Generation
from tests.factories import ConversationFactory, PersonFactory


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    """Addresses without hashes: no test depends on what was collected before."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@pytest.fixture
def administrator(db: None) -> Person:
    return PersonFactory.create(username="ada", administrator=True)


@pytest.fixture
def admin(client: Client, administrator: Person) -> Client:
    """A client that an administrator signed in with."""
    client.force_login(administrator)
    return client


def staff(*codenames: str) -> Client:
    """A client of somebody on the staff with these permissions and no others."""
    person = PersonFactory.create(staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@dataclass(frozen=True)
class Exchange:
    """A conversation of one question and one answer."""

    conversation: Conversation
    question: Message
    answer: Message
    generation: Generation


def exchange(question: str = "Hi", answer: str = "Hello", **conversation: Any) -> Exchange:
    made = ConversationFactory.create(said=[question, answer], **conversation)
    asked, answered = made.messages.order_by("id").select_related("generation")
    assert answered.generation is not None
    return Exchange(made, asked, answered, answered.generation)


def listing(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
