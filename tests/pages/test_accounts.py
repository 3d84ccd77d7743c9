from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from conversations.models import Person
from tests.factories import PASSWORD, PersonFactory

from .document import Document

Visit = Callable[..., Document]
JOIN = {"username": "alice", "email": "alice@example.org", "password1": PASSWORD}


def look(path: str) -> Document:
    return Document(Client().get(path).content.decode())


def test_the_first_one_is_told_and_becomes_administrator(db: None) -> None:
    assert "You are the first one here" in look("/accounts/signup/").text
    client = Client()
    assert client.post("/accounts/signup/", JOIN)["Location"] == "/"
    alice = Person.objects.get()
    assert alice.is_staff
    assert alice.is_superuser
    assert len(Document(client.get("/").content.decode()).all("a", href="/admin/")) == 1


def test_the_second_one_is_one_of_many(alice: Person) -> None:
    assert "You are the first" not in look("/accounts/signup/").text
    Client().post("/accounts/signup/", JOIN | {"username": "bob", "email": "bob@example.org"})
    assert not Person.objects.get(username="bob").is_staff


def test_sign_up_can_be_closed_once_somebody_is_there(db: None, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    assert len(look("/accounts/signup/").all("input", name="username")) == 1
    PersonFactory.create()
    assert "closed" in look("/accounts/signup/").text
    Client().post("/accounts/signup/", JOIN)
    assert Person.objects.count() == 1
    assert "/accounts/signup/" not in look("/accounts/login/").html


def test_it_signs_in_by_name_or_address_and_out_again(alice: Person) -> None:
    for login in ("alice", "alice@example.org"):
        client = Client()
        wish = {"login": login, "password": PASSWORD, "next": "/settings/"}
        answer = client.post("/accounts/login/", wish)
        assert answer["Location"] == "/settings/"
        assert client.get("/settings/").status_code == 200
        assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
        assert client.get("/settings/").status_code == 302


def test_it_names_neither_cause_when_a_sign_in_fails(alice: Person) -> None:
    answers = [
        Client().post("/accounts/login/", {"login": login, "password": "wrong"})
        for login in ("alice", "nobody")
    ]
    pages = [Document(answer.content.decode()) for answer in answers]
    one, other = (page.one("ul", class_="errorlist nonfield").text for page in pages)
    assert one == other


def test_a_forgotten_password_is_reset_by_mail(alice: Person) -> None:
    client = Client()
    sent = client.post("/accounts/password/reset/", {"email": alice.email}, follow=True)
    assert "We have sent you an email" in sent.content.decode()
    (message,) = mail.outbox
    link = re.search(r"http://\S+?(/accounts/password/reset/key/\S+)", str(message.body))
    assert link
    form = client.get(link[1], follow=True)
    page = Document(form.content.decode())
    new = "another horse battery"
    wanted = {field["name"]: new for field in page.all("input", type="password")}
    done = client.post(form.request["PATH_INFO"], wanted, follow=True)
    assert "Your password is now changed" in done.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(new)


@pytest.mark.parametrize(
    "path",
    ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/",
     "password/reset/key/1-wrong/", "confirm-email/", "confirm-email/wrong/"],
)  # fmt: skip
def test_every_page_at_the_door_looks_like_ours(alice: Person, path: str) -> None:
    page = look(f"/accounts/{path}")
    assert page.one("body")["class"] == "entrance"
    assert page.one("main").one("h1").text
    assert all("button" in button["class"] for button in page.one("main").all("button"))


@pytest.mark.parametrize("path", ["logout/", "email/", "password/change/", "reauthenticate/"])
def test_every_page_of_an_account_looks_like_ours(visit: Visit, path: str) -> None:
    page = visit(f"/accounts/{path}")
    assert page.one("body")["class"] == "entrance"
    assert page.one("main").one("h1").text
    assert all("button" in button["class"] for button in page.one("main").all("button"))
