"""The product in a process of its own, between the suite's provider and the suite's people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.client import Client, Json, Reader
from tests.simulator import Simulator
from tests.site import PASSWORD, Site, running_site

OPENAI, ANTHROPIC = MODELS = ("openai/gpt-test", "anthropic/claude-test")

#: What must never be read in a server's output, whatever clients and providers do.
BROKEN = re.compile(r"Traceback|Exception|\bERROR\b|\bCRITICAL\b|never awaited|\" 500 ")

#: A test that holds on every server that the product runs under.
on_every_server = pytest.mark.parametrize("server", ["daphne", "uvicorn"], indirect=True)


class Somebody(Client):
    """A person with a token that may write."""

    def __init__(self, url: str, token: str, username: str) -> None:
        super().__init__(url, token)
        self.username = username

    def answered(self, conversation: str, text: str, headers: Any = None, **fields: Json) -> str:
        """Ask and read the answer to its end. The answer's id."""
        stream = self.ask(conversation, text, headers, **fields)
        assert stream.into(Reader()).ended
        return stream.message_id


@contextmanager
def site_with(simulator: Simulator, server: str = "daphne", **environment: str) -> Iterator[Site]:
    """A fresh site whose two models are the simulator's. It must not complain while it lives."""
    models = {
        "CHAT_MODELS": ",".join(MODELS),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": simulator.base_url_openai,
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "ANTHROPIC_BASE_URL": simulator.base_url_anthropic,
    }
    with running_site(server, **models, **environment) as site:
        yield site
        assert_sound(site)


def assert_sound(site: Site, since: int = 0) -> None:
    """Nothing in it has broken, in this line of its output or later."""
    said = "".join(site.errors[since:])
    found = BROKEN.search(said)
    assert found is None, said[max(0, found.start() - 300) :][:6000]


def people(site: Site, count: int) -> list[Somebody]:
    """Accounts ``person-0`` and so on, all with the usual password."""
    script = (
        "import json; from django.contrib.auth.hashers import make_password\n"
        "from conversations.models import ApiToken, Person\n"
        f"password, start = make_password({PASSWORD!r}), Person.objects.count()\n"
        "made = Person.objects.bulk_create(\n"
        f"    Person(username=f'person-{{start + n}}', password=password) for n in range({count}))\n"
        "print(json.dumps([[one.username, ApiToken.issue(one, 'test')[1]] for one in made]))"
    )
    made = json.loads(site.manage("shell", "--no-imports", "-c", script))
    return [Somebody(site.url, token, username) for username, token in made]
