"""Founding: the tables and people of a deployment whose database is empty yet."""

from __future__ import annotations

import json
from pathlib import Path

from tests.site import Site

#: How many people there are; each asks for itself.
CROWD = 8

SCRIPT = f"""
import json
from django.core.management import call_command
from conversations.models import ApiToken, Person
call_command("migrate", verbosity=0)
people = [Person.objects.create(username=f"person-{{n}}") for n in range({CROWD})]
print(json.dumps([ApiToken.issue(one, "test")[1] for one in people]))
"""


def found(directory: Path, environment: dict[str, str]) -> list[str]:
    """Migrate the database that the environment names; a token for each of its people."""
    said = Site(directory, environment).manage("shell", "--no-imports", "-c", SCRIPT)
    tokens: list[str] = json.loads(said.splitlines()[-1])
    return tokens
