from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conversations.models import ApiToken, Person
from tests.factories import ApiTokenFactory

from .document import Document

Visit = Callable[..., Document]
WISH = {"name": "backup <script>", "scope": "read", "lifetime": "30"}


def test_it_shows_a_new_token_once(browser: Client, visit: Visit, alice: Person) -> None:
    answer = browser.post("/settings/", WISH)
    secret = Document(answer.content.decode()).one(class_="secret").one("code").text
    token = ApiToken.objects.find(secret)
    assert token is not None
    assert (token.person, token.name, token.scope) == (alice, "backup <script>", "read")
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert "no-store" in answer["Cache-Control"]
    again = visit("/settings/")
    assert secret not in again.html
    assert token.hint in again.text


def test_it_answers_htmx_with_the_section_alone(browser: Client) -> None:
    answer = browser.post("/settings/", WISH, headers={"HX-Request": "true"})
    part = Document(answer.content.decode())
    assert part.one("section", id="tokens").one(class_="secret").one("code").text
    assert not part.all("html")


def test_it_makes_tokens_that_never_expire_when_asked(browser: Client, alice: Person) -> None:
    browser.post("/settings/", {**WISH, "lifetime": "0"})
    assert alice.api_tokens.get().expires_at is None


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 101}, {"name": "\0"}, {"scope": "admin"}, {"lifetime": "-1"},
     {"lifetime": "9" * 40}],
)  # fmt: skip
def test_it_says_what_is_wrong(browser: Client, wrong: dict[str, str]) -> None:
    answer = browser.post("/settings/", WISH | wrong)
    assert answer.status_code == 422
    assert Document(answer.content.decode()).one("ul", class_="errorlist").text
    assert not ApiToken.objects.exists()


def test_it_revokes(browser: Client, visit: Visit, alice: Person) -> None:
    token = ApiTokenFactory.create(person=alice, name="Old laptop")
    assert "Old laptop" in visit("/settings/").text
    assert browser.post(f"/settings/tokens/{token.pk}/revoke/")["Location"] == "/settings/"
    assert "Old laptop" not in visit("/settings/").text
    assert not ApiToken.objects.valid().exists()


def test_it_knows_nothing_of_a_strangers_tokens(browser: Client, charlie: Person) -> None:
    token = ApiTokenFactory.create(person=charlie)
    assert browser.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.valid().exists()
