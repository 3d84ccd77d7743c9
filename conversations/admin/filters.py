"""List filters that cost nothing: no list of all people, no scan for the dates there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import ListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from conversations.models import Person

Rows = QuerySet[Any]


class FormFilter(ListFilter):
    """A filter with fields of its own; ``names`` are its parameters."""

    names: ClassVar[tuple[str, ...]]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.names:
            if value := params.pop(name, [""])[-1].strip():
                self.used_parameters[name] = value

    def given(self, name: str) -> str:
        """What was sent for this parameter, or nothing."""
        return str(self.used_parameters.get(name, ""))

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """One item: what the template needs to draw the form."""
        yield {
            "fields": [(name, self.given(name)) for name in self.names],
            "others": [
                (name, value)
                for name, values in changelist.filter_params.items()
                if name not in self.names
                for value in values
            ],
            "clear": changelist.get_query_string(remove=list(self.names)),
            "quick": self.quick(changelist),
        }

    def quick(self, changelist: ChangeList) -> list[tuple[str, str]]:
        """Links beside the form: words and query string."""
        return []


class Typed(FormFilter):
    """What is typed is looked up in one way."""

    template = "admin/filter_typed.html"
    hint = ""

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        value = self.given(self.names[0])
        return queryset.filter(self.lookup(value)) if value else queryset

    def lookup(self, value: str) -> Q:
        raise NotImplementedError


def person(path: str) -> type[Typed]:
    """Filters by the person at ``path``: a username or an e-mail address, whole."""

    class PersonFilter(Typed):
        title = "person"
        names = ("person",)
        hint = "Username or e-mail"

        def lookup(self, value: str) -> Q:
            people = Person.objects.filter(Q(username__iexact=value) | Q(email__iexact=value))
            return Q(**{f"{path}__in": people.values("pk")})

    return PersonFilter


def containing(path: str, what: str, hint: str = "") -> type[Typed]:
    """Filters by a piece of the text at ``path``."""

    class ContainingFilter(Typed):
        title = what
        names = (what.replace(" ", "_"),)

        def lookup(self, value: str) -> Q:
            return Q(**{f"{path}__icontains": value})

    ContainingFilter.hint = hint
    return ContainingFilter


def created(path: str) -> type[FormFilter]:
    """Filters by the day (UTC) that the UUIDv7 at ``path`` was made: a range of an index."""

    class CreatedFilter(FormFilter):
        title = "date"
        names = ("since", "until")
        template = "admin/filter_dates.html"

        def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
            if since := self.day("since"):
                queryset = queryset.filter(**{f"{path}__gte": first_id(since)})
            if until := self.day("until"):
                queryset = queryset.filter(**{f"{path}__lt": first_id(until + timedelta(days=1))})
            return queryset

        def day(self, name: str) -> date | None:
            try:
                value = self.given(name)
                # The last day that has a next one.
                return min(date.fromisoformat(value), date(9999, 12, 30)) if value else None
            except ValueError as error:
                raise IncorrectLookupParameters(error) from error

        def quick(self, changelist: ChangeList) -> list[tuple[str, str]]:
            today = timezone.now().astimezone(UTC).date()
            return [
                (
                    words,
                    changelist.get_query_string(
                        {"since": (today - timedelta(days=days)).isoformat(), "until": None}
                    ),
                )
                for words, days in (("Today", 0), ("7 days", 6), ("30 days", 29))
            ]

    return CreatedFilter


def first_id(day: date) -> UUID:
    """The least UUIDv7 of a day (RFC 9562, 5.7: 48 bits of milliseconds come first)."""
    instant = datetime.combine(day, time(), UTC)
    return UUID(int=max(0, int(instant.timestamp() * 1000)) << 80)
