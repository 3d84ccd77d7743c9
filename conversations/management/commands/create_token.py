"""``create_token USERNAME --name NAME``: prints a new API token, and nothing else, on stdout."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.models import ApiToken, Person

MAX_DAYS = 36_500


class Command(BaseCommand):
    help = "Prints a new API token for a person. It is shown once and stored hashed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose conversations it opens")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument(
            "--scope",
            choices=ApiToken.Scope.values,
            default=ApiToken.Scope.WRITE.value,
            help="read, or read and write (default)",
        )
        parser.add_argument("--days", type=int, help="how long it opens anything (default: ever)")

    def handle(
        self, *args: Any, username: str, name: str, scope: str, days: int | None, **options: Any
    ) -> None:
        person = Person.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is nobody with the username {username!r}.")
        if not person.is_active:
            raise CommandError(f"The account of {username!r} is suspended.")
        longest = ApiToken._meta.get_field("name").max_length
        if not 0 < len(name.strip()) <= (longest or 0):
            raise CommandError(f"A name has 1 to {longest} characters.")
        if days is not None and not 0 < days <= MAX_DAYS:
            raise CommandError(f"--days takes 1 to {MAX_DAYS}.")
        lifetime = timedelta(days=days) if days is not None else None
        _, secret = ApiToken.issue(person, name.strip(), scope, lifetime)
        self.stdout.write(secret)
