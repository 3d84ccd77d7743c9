"""Session cookies: whoever signs in on the page may use the API, with the CSRF token."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.client import Answer, Client
from tests.site import PASSWORD, Site

from .problems import assert_problem, is_no_http
from .sites import Somebody, on_every_server

HERE = "/api/v1/conversations"


class Session(Client):
    """A client with a cookie jar, as a browser has one."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.cookies: dict[str, str] = {}

    def visit(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.call(
            method, path, body, {**({"Cookie": jar} if jar else {}), **(headers or {})}
        )
        for name, morsel in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self.cookies[name] = morsel.value
        return answer

    def sign_in(self, username: str, password: str = PASSWORD) -> Answer:
        page = self.visit("GET", "/accounts/login/").body.decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found
        form = {"login": username, "password": password, "csrfmiddlewaretoken": found[1]}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.visit("POST", "/accounts/login/", urlencode(form).encode(), headers)


@pytest.fixture
def session(site: Site, alice: Somebody) -> Session:
    session = Session(site.url)
    assert session.sign_in(alice.username).status == 302
    return session


@on_every_server
def test_it_reads_with_the_cookie_and_writes_with_the_token(
    session: Session, alice: Somebody
) -> None:
    kept = alice.conversation(title="kept")
    listed = session.visit("GET", HERE)
    assert (listed.status, listed.json["items"][0]["id"]) == (200, kept)
    token = {"X-CSRFToken": session.cookies["csrftoken"]}
    made = session.visit("POST", HERE, {"title": "new"}, token)
    assert made.status == 201
    path = f"{HERE}/{made.json['id']}/messages"
    answer = session.visit("POST", path, {"text": "hi"}, token)
    assert (answer.status, answer.json["status"]) == (200, "done")
    assert alice.message(answer.json["id"]) == answer.json


@on_every_server
def test_it_writes_nothing_without_the_token(
    session: Session, alice: Somebody, unchanged: Callable[[], None]
) -> None:
    conversation = alice.conversation(title="kept")
    message = alice.answered(conversation, "hi")
    unchanged()
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/conversations", {}),
        ("PATCH", f"/conversations/{conversation}", {"title": "changed"}),
        ("DELETE", f"/conversations/{conversation}", None),
        ("POST", f"/conversations/{conversation}/messages", {"text": "hi"}),
        ("POST", f"/messages/{message}/regenerate", {}),
        ("POST", f"/messages/{message}/stop", None),
    ]
    for token in ({}, {"X-CSRFToken": "x" * 32}, {"X-CSRFToken": ""}, {"X-CSRFToken": "\xff"}):
        for method, path, body in calls:
            assert_problem(session.visit(method, f"/api/v1{path}", body, token), 403)


def test_it_takes_no_token_from_another_site(session: Session, unchanged: object) -> None:
    headers = {"X-CSRFToken": session.cookies["csrftoken"], "Origin": "http://evil.example"}
    assert_problem(session.visit("POST", HERE, {}, headers), 403)


def test_a_bearer_token_needs_no_csrf_token(session: Session, alice: Somebody) -> None:
    headers = {"Authorization": f"Bearer {alice.token}"}
    assert session.visit("POST", HERE, {}, headers).status == 201


def test_a_wrong_bearer_token_is_not_healed_by_a_cookie(
    session: Session, unchanged: object
) -> None:
    headers = {"Authorization": "Bearer unb_wrong", "X-CSRFToken": session.cookies["csrftoken"]}
    assert_problem(session.visit("GET", HERE, None, headers), 401)
    assert_problem(session.visit("POST", HERE, {}, headers), 401)


@on_every_server
@pytest.mark.parametrize("cookie", ["", "x", "x" * 32, "\xff" * 32, "a\x01" * 16, "x" * 7_000])
def test_a_cookie_that_is_no_session_is_nobodys(site: Site, unchanged: object, cookie: str) -> None:
    headers = {"Cookie": f"sessionid={cookie}"}
    answer = Client(site.url).call("GET", HERE, None, headers)
    if not is_no_http(answer):
        assert_problem(answer, 401)


def test_a_suspended_persons_session_ends(session: Session, alice: Somebody, site: Site) -> None:
    assert session.visit("GET", HERE).status == 200
    script = (
        "from conversations.models import Person\n"
        f"Person.objects.filter(username={alice.username!r}).update(is_active=False)"
    )
    site.manage("shell", "--no-imports", "-c", script)
    assert_problem(session.visit("GET", HERE), 401)
    token = {"X-CSRFToken": session.cookies["csrftoken"]}
    assert_problem(session.visit("POST", HERE, {}, token), 401)


def test_a_wrong_password_signs_nobody_in(site: Site, alice: Somebody) -> None:
    session = Session(site.url)
    assert session.sign_in(alice.username, "wrong").status == 200
    assert_problem(session.visit("GET", HERE), 401)
