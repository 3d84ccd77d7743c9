"""Bearer tokens: what they open, how far, for how long."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Answer, Client
from tests.site import Site

from .problems import assert_problem
from .sites import Somebody

HERE = "/api/v1/conversations"


def tokens(site: Site, username: str) -> dict[str, str]:
    """One of each kind, and what each may: all of one person."""
    script = (
        "import json; from datetime import timedelta\n"
        "from conversations.models import ApiToken, Person\n"
        f"who = Person.objects.get(username={username!r})\n"
        "made = {\n"
        "  'read': ApiToken.issue(who, 'read', scope='read'),\n"
        "  'write': ApiToken.issue(who, 'write', lifetime=timedelta(days=1)),\n"
        "  'expired': ApiToken.issue(who, 'expired', lifetime=timedelta(seconds=-1)),\n"
        "  'revoked': ApiToken.issue(who, 'revoked')}\n"
        "made['revoked'][0].revoke()\n"
        "print(json.dumps({kind: secret for kind, (_, secret) in made.items()}))"
    )
    made: dict[str, str] = json.loads(site.manage("shell", "--no-imports", "-c", script))
    return made


def test_every_kind_opens_what_it_should(alice: Somebody, site: Site) -> None:
    conversation = alice.conversation(title="kept")
    message = alice.answered(conversation, "hi")
    held = {kind: Client(site.url, secret) for kind, secret in tokens(site, alice.username).items()}

    def read(client: Client) -> list[Answer]:
        paths = ["/models", "/conversations", f"/conversations/{conversation}"]
        paths += [f"/conversations/{conversation}/messages", f"/messages/{message}"]
        paths += [f"/messages/{message}/events"]
        return [client.call("GET", f"/api/v1{path}") for path in paths]

    def write(client: Client) -> list[Answer]:
        calls: list[tuple[str, str, Any]] = [
            ("POST", "/conversations", {}),
            ("PATCH", f"/conversations/{conversation}", {"pinned": True}),
            ("POST", f"/conversations/{conversation}/messages", {"text": "more"}),
            ("POST", f"/messages/{message}/regenerate", {}),
            ("POST", f"/messages/{message}/stop", None),
            ("DELETE", f"/conversations/{conversation}", None),
        ]
        return [client.call(method, f"/api/v1{path}", body) for method, path, body in calls]

    for kind in ("expired", "revoked"):
        for answer in read(held[kind]) + write(held[kind]):
            assert_problem(answer, 401)
    assert {answer.status for answer in read(held["read"])} == {200}
    for answer in write(held["read"]):
        assert_problem(answer, 403)
    assert alice.call("GET", f"{HERE}/{conversation}").json["pinned"] is False
    assert {answer.status for answer in read(held["write"])} == {200}
    assert [answer.status for answer in write(held["write"])] == [201, 200, 200, 200, 200, 204]


def test_a_suspended_person_is_let_in_no_more(alice: Somebody, site: Site) -> None:
    id = alice.answered(alice.conversation(), "hi")
    script = (
        "from conversations.models import Person\n"
        f"Person.objects.filter(username={alice.username!r}).update(is_active=False)"
    )
    site.manage("shell", "--no-imports", "-c", script)
    for method, path in (
        ("GET", HERE),
        ("POST", HERE),
        ("GET", f"/api/v1/messages/{id}"),
        ("GET", f"/api/v1/messages/{id}/events"),
    ):
        assert_problem(alice.call(method, path), 401)


def test_the_command_prints_a_token_and_nothing_else(alice: Somebody, site: Site) -> None:
    printed = site.manage("create_token", alice.username, "--name", "from a script")
    assert len(printed.split()) == 1
    assert Client(site.url, printed).call("GET", HERE).status == 200


@pytest.mark.parametrize("where", ["query", "cookie", "basic"])
def test_a_token_counts_in_its_header_alone(
    alice: Somebody, unchanged: Callable[[], None], where: str
) -> None:
    alice.token, token = "", alice.token
    path, headers = HERE, {}
    if where == "query":
        path += f"?token={token}&access_token={token}"
    elif where == "cookie":
        headers = {"Cookie": f"token={token}; sessionid={token}"}
    else:
        headers = {"Authorization": f"Basic {token}"}
    assert_problem(alice.call("GET", path, None, headers), 401)
