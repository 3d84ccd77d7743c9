"""API tokens: issued once, found by their secret, worth nothing when revoked or expired."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from conversations.models import ApiToken
from conversations.models.api_tokens import LAST_USED_RESOLUTION
from tests.factories import ApiTokenFactory, PersonFactory

pytestmark = pytest.mark.django_db

find = ApiToken.objects.find


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


def test_it_finds_a_token_and_its_person_by_the_secret() -> None:
    alice = PersonFactory.create()
    token, secret = ApiToken.issue(alice, "laptop")
    ApiToken.issue(alice, "phone")
    found = find(secret)
    assert found == token
    assert found.person == alice


def test_it_stores_nothing_to_sign_in_with() -> None:
    token, secret = ApiToken.issue(PersonFactory.create(), "laptop")
    stored = ApiToken.objects.values().get(pk=token.pk)
    assert secret not in map(str, stored.values())
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith(token.hint)
    assert len(secret) - len(token.hint) >= 38, "what is not shown cannot be guessed"


def test_it_issues_another_secret_every_time() -> None:
    alice = PersonFactory.create()
    secrets = {ApiToken.issue(alice, "laptop")[1] for _ in range(20)}
    assert len(secrets) == 20
    assert {secret[:4] for secret in secrets} == {ApiToken.PREFIX}


def test_it_may_do_all_or_only_read() -> None:
    alice = PersonFactory.create()
    assert ApiToken.issue(alice, "a")[0].scope == ApiToken.Scope.WRITE
    assert ApiToken.issue(alice, "b", ApiToken.Scope.READ)[0].scope == "read"


@pytest.mark.parametrize("secret", ["", "unb_", "nonsense", "\0", "\ud800", "ü" * 10_000])
def test_it_finds_nothing_by_another_secret(secret: str) -> None:
    ApiTokenFactory.create()
    assert find(secret) is None


def test_it_is_worth_nothing_once_revoked() -> None:
    token, secret = ApiToken.issue(PersonFactory.create(), "laptop")
    token.revoke()
    assert find(secret) is None
    assert ApiToken.objects.get(pk=token.pk).revoked_at is not None


def test_it_is_worth_nothing_once_expired(clock: Clock) -> None:
    _, secret = ApiToken.issue(PersonFactory.create(), "laptop", lifetime=timedelta(days=1))
    clock.now += timedelta(days=1) - timedelta(seconds=1)
    assert find(secret) is not None
    clock.now += timedelta(seconds=1)
    assert find(secret) is None


def test_it_is_worth_nothing_while_its_person_is_suspended() -> None:
    person = PersonFactory.create(suspended=True)
    _, secret = ApiToken.issue(person, "laptop")
    assert find(secret) is None
    person.is_active = True
    person.save()
    assert find(secret) is not None


def test_it_notes_when_it_was_used_about_once_a_minute(clock: Clock) -> None:
    token, secret = ApiToken.issue(PersonFactory.create(), "laptop")
    first = clock.now
    for wait, noted in (
        (timedelta(0), first),
        (LAST_USED_RESOLUTION, first),
        (timedelta(seconds=1), first + LAST_USED_RESOLUTION + timedelta(seconds=1)),
    ):
        clock.now += wait
        find(secret)
        token.refresh_from_db()
        assert token.last_used_at == noted


def test_it_is_recognised_by_its_name_and_first_characters() -> None:
    token, secret = ApiToken.issue(PersonFactory.create(), "laptop")
    assert str(token) == f"laptop ({secret[:8]}…)"
