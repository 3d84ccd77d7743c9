"""`manage.py create_token`: a secret on stdout and nothing else, or words on what is wrong."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from conversations.models import ApiToken
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db


def create_token(*arguments: Any) -> str:
    out = StringIO()
    call_command("create_token", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_it_prints_a_token_that_opens_the_persons_account() -> None:
    alice = PersonFactory.create(username="alice")
    printed = create_token("alice", "--name", "laptop")
    token = ApiToken.objects.find(printed.strip())
    assert printed == printed.strip() + "\n"
    assert token is not None
    assert (token.person, token.name, token.scope) == (alice, "laptop", "write")
    assert token.expires_at is None


def test_it_makes_one_that_may_only_read_and_only_for_some_days() -> None:
    PersonFactory.create(username="alice")
    before = timezone.now()
    secret = create_token("alice", "--name", "laptop", "--scope", "read", "--days", 30).strip()
    token = ApiToken.objects.find(secret)
    assert token is not None
    assert token.scope == "read"
    assert token.expires_at is not None
    assert before < token.expires_at - timedelta(days=30) < timezone.now()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody", "--name", "x"], "There is nobody"),
        (["bob", "--name", "x"], "suspended"),
        (["alice"], "--name"),
        (["alice", "--name", ""], "1 to 100 characters"),
        (["alice", "--name", "  "], "1 to 100 characters"),
        (["alice", "--name", "x" * 101], "1 to 100 characters"),
        (["alice", "--name", "x", "--days", "0"], "--days"),
        (["alice", "--name", "x", "--days", "-3"], "--days"),
        (["alice", "--name", "x", "--days", "9999999999"], "--days"),
        (["alice", "--name", "x", "--days", "soon"], "--days"),
        (["alice", "--name", "x", "--scope", "all"], "--scope"),
    ],
)
def test_it_says_what_is_wrong_and_makes_nothing(arguments: list[str], words: str) -> None:
    PersonFactory.create(username="alice")
    PersonFactory.create(username="bob", suspended=True)
    with pytest.raises(CommandError, match=words):
        create_token(*arguments)
    assert not ApiToken.objects.exists()
