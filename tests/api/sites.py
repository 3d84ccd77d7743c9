"""The product in a process of its own, between the suite's provider and the suite's people."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.client import Client, Json, Reader
from tests.environment import DATA_DIR
from tests.simulator import Script, Simulator
from tests.site import PASSWORD, Site

OPENAI, ANTHROPIC = MODELS = ("openai/gpt-test", "anthropic/claude-test")

#: How many people a site has: every test has its own.
CROWD = 800
#: Names and tokens of those who have no test yet, by data directory.
strangers: dict[Path, Iterator[tuple[str, str]]] = {}

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


@cache
def founded() -> tuple[Path, list[tuple[str, str]]]:
    """A data directory with tables and people, which every site begins with a copy of.

    Beside it their names and tokens. All have the usual password.
    """
    directory = Path(DATA_DIR) / "founded"
    directory.mkdir()
    return directory, found(Site(directory, {}))


def found(site: Site) -> list[tuple[str, str]]:
    """Make the tables of this site and its people: their names and tokens."""
    site.manage("migrate", "--verbosity", "0")
    script = (
        "import json; from django.contrib.auth.hashers import make_password\n"
        "from django.db import transaction; from conversations.models import ApiToken, Person\n"
        f"password = make_password({PASSWORD!r})\n"
        f"crowd = [Person(username=f'person-{{n}}', password=password) for n in range({CROWD})]\n"
        "with transaction.atomic():\n"
        "    made = Person.objects.bulk_create(crowd)\n"
        "    issued = [[one.username, ApiToken.issue(one, 'test')[1]] for one in made]\n"
        "print(json.dumps(issued))"
    )
    issued = json.loads(site.manage("shell", "--no-imports", "-c", script))
    return [(username, token) for username, token in issued]


def models_of(simulator: Simulator) -> dict[str, str]:
    """The settings with which a site offers the simulator's two models."""
    return {
        "CHAT_MODELS": ",".join(MODELS),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": simulator.base_url_openai,
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "ANTHROPIC_BASE_URL": simulator.base_url_anthropic,
    }


@contextmanager
def site_with(simulator: Simulator, server: str = "daphne", **environment: str) -> Iterator[Site]:
    """A fresh site whose two models are the simulator's. It must not complain while it lives."""
    directory, crowd = founded()
    with TemporaryDirectory(prefix="unbroken-site-") as name:
        shutil.copytree(directory, name, dirs_exist_ok=True)
        site = Site(Path(name), models_of(simulator) | environment, server)
        strangers[site.data_dir] = iter(crowd)
        site.start()
        try:
            yield site
            assert_sound(site)
        finally:
            site.kill()


def cut_off(at: int = 9, fault: str = "eof", **fields: Any) -> Script:
    """An answer whose first call is lost and that the provider will hear no more of: incomplete.

    Calls after the second follow the script. It needs an ``id``.
    """
    calls = ({"fault": fault, "at": at}, {"fault": "status", "status": 400})
    return Script(by_call=calls, **{"tokens": 20, **fields})


def people(site: Site, count: int = 1) -> list[Somebody]:
    """So many people of this site that nobody has met yet."""
    return [
        Somebody(site.url, token, username)
        for username, token in islice(strangers[site.data_dir], count)
    ]


def assert_sound(site: Site, since: int = 0) -> None:
    """Nothing in it has broken, in this line of its output or later."""
    said = "".join(site.errors[since:])
    found = BROKEN.search(said)
    assert found is None, said[max(0, found.start() - 300) :][:6000]
