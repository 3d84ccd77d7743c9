"""What a newcomer may ask first, with one press."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Suggestion(NamedTuple):
    title: str | Promise
    detail: str | Promise
    text: str | Promise


SUGGESTIONS = (
    Suggestion(
        _("Show me around"),
        _("what this page can do"),
        _("What can this page do? Show me with examples."),
    ),
    Suggestion(
        _("Explain something"),
        _("how a rainbow comes about"),
        _("Explain how a rainbow comes about, with a small table of its colours."),
    ),
    Suggestion(
        _("Write some code"),
        _("merge two sorted lists in Python"),
        _("Write a Python function that merges two sorted lists, with a test."),
    ),
    Suggestion(
        _("Help me write"),
        _("a friendly reminder about an invoice"),
        _("Write a short, friendly e-mail that reminds a client of an unpaid invoice."),
    ),
)
