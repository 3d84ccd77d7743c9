"""Idempotency keys: one request, one answer, however often it is sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class IdempotencyKey(models.Model):
    """A key that a person's client chose for one call, and the answer it led to.

    Kept as long as the answer. ``digest`` tells whether a repeated call is the same one.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    answer = models.ForeignKey("conversations.Message", models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "key"], name="one_answer_per_key")
        ]

    def __str__(self) -> str:
        return self.key
