"""What a list of generations adds up to."""

from __future__ import annotations

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.functional import cached_property

from streaming.models import Generation

from .figures import amount, price


class Totals(Paginator):  # type: ignore[type-arg]
    """Pages, and what all of them add up to: the query that counts also sums."""

    @cached_property
    def sums(self) -> dict[str, Any]:
        live, failed = Q(state__in=Generation.LIVE), Q(state=Generation.State.FAILED)
        queryset = cast("QuerySet[Generation]", self.object_list)
        return queryset.order_by().aggregate(
            all=Count("pk"),
            live=Count("pk", filter=live),
            failed=Count("pk", filter=failed),
            estimated=Count("pk", filter=Q(usage_exact=False, input_tokens__isnull=False)),
            tokens_in=Sum("input_tokens"),
            cached=Sum("cached_tokens"),
            tokens_out=Sum("output_tokens"),
            reasoning=Sum("reasoning_tokens"),
            cost=Sum("cost"),
        )

    @cached_property
    def count(self) -> int:
        return int(self.sums["all"])

    def in_words(self) -> list[tuple[str, str]]:
        sums = self.sums
        return [
            ("Generations", amount(sums["all"])),
            ("Live", amount(sums["live"])),
            ("Failed", amount(sums["failed"])),
            ("Tokens in", amount(sums["tokens_in"])),
            ("of these cached", amount(sums["cached"])),
            ("Tokens out", amount(sums["tokens_out"])),
            ("of these reasoning", amount(sums["reasoning"])),
            ("Cost", price(sums["cost"])),
            ("Usage estimated", amount(sums["estimated"])),
        ]
