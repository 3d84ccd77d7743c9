"""Generation: one run that produces one answer. LogEntry: what happened to it, in order."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models, transaction
from uuid_utils.compat import uuid7

from .accounts import Timings, Usage
from .bells import bell
from .bells.base import News
from .fields import JSONTextField


class GenerationQuerySet(models.QuerySet["Generation"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """With their logs. Whoever appends to one waits, and finds it gone."""
        with transaction.atomic():
            rows = self.select_for_update().order_by("pk").values_list("pk", "state")
            live = frozenset(pk for pk, state in rows if state in Generation.LIVE)
            if live:
                bell().ring(News(logs=live, stops=live))
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Generation(models.Model):
    """One run. It belongs to the server: no connection owns it.

    ``epoch`` grows with every claim and never shrinks; only the holder of the current epoch may
    append to the log. ``last_seq`` is set by the transaction of the terminal event.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        INCOMPLETE = "incomplete"
        FAILED = "failed"

    #: The name others know it by; the answer message has the same one.
    key = models.UUIDField(default=uuid7, unique=True, editable=False)
    model = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    epoch = models.PositiveIntegerField(default=0)
    #: How many runs it took so far; above 1 the answer has a seam.
    attempt = models.PositiveSmallIntegerField(default=0)
    #: How often a run of it was lost: its process died, or the provider's connection broke off.
    #: An orderly hand-over is no loss.
    losses = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=100, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    stop_receipt = models.UUIDField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_seq = models.PositiveIntegerField(null=True, blank=True)
    compacted = models.BooleanField(default=False)

    #: The finish reason, the reason it ended early, or the error's code.
    outcome = models.CharField(max_length=100, default="", blank=True)
    recoverable = models.BooleanField(default=False)
    input_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    output_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    cached_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    reasoning_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    usage_exact = models.BooleanField(default=False)
    cost = models.FloatField(null=True, blank=True)
    queued_ms = models.PositiveBigIntegerField(null=True, blank=True)
    first_token_ms = models.PositiveBigIntegerField(null=True, blank=True)
    total_ms = models.PositiveBigIntegerField(null=True, blank=True)
    tokens_per_second = models.FloatField(null=True, blank=True)

    # Long texts last: SQLite walks past them to whatever stands behind.
    #: What ``started`` says beside model and attempt.
    labels = JSONTextField(default=dict)
    error_message = models.TextField(default="", blank=True)
    #: Where the provider's own call can be gone on with; empty when it cannot.
    provider_cursor = models.TextField(default="", blank=True)
    #: A :class:`streaming.prompt.Prompt` as JSON.
    prompt = models.TextField()

    LIVE: ClassVar = (State.QUEUED, State.RUNNING)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [
            # Finds the few that wait or run among all that ever ran. Not a partial index:
            # SQLite does not use one for a query with parameters.
            models.Index(fields=["state", "lease_until"], name="generation_live"),
            models.Index(
                fields=["ended_at"],
                name="generation_uncompacted",
                condition=models.Q(compacted=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.key}"

    @property
    def is_live(self) -> bool:
        """Whether its terminal event is still to come."""
        return self.state in self.LIVE

    @property
    def usage(self) -> Usage | None:
        """The account of the terminal event; ``None`` before it, and where no call was made."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached_tokens=self.cached_tokens,
            reasoning_tokens=self.reasoning_tokens,
            exact=self.usage_exact,
            cost=self.cost,
        )

    @property
    def timings(self) -> Timings | None:
        """``None`` before the terminal event."""
        if self.total_ms is None:
            return None
        return Timings(
            queued_ms=self.queued_ms or 0,
            first_token_ms=self.first_token_ms,
            total_ms=self.total_ms,
            tokens_per_second=self.tokens_per_second,
        )

    @property
    def error(self) -> dict[str, Any] | None:
        """``{"code", "message", "recoverable"}`` of one that failed."""
        if self.state != self.State.FAILED:
            return None
        return {
            "code": self.outcome,
            "message": self.error_message,
            "recoverable": self.recoverable,
        }


class LogEntry(models.Model):
    """One event of a generation, committed before anyone saw it. Written by the log alone."""

    pk = models.CompositePrimaryKey("generation_id", "seq")
    generation = models.ForeignKey(
        Generation, models.CASCADE, related_name="entries", db_index=False
    )
    #: From 1, without gaps until the log is compacted.
    seq = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField()
    #: The event's name and its data as one line of JSON (streaming/events.py).
    name = models.CharField(max_length=10)
    data = models.TextField()

    def __str__(self) -> str:
        return f"{self.seq} {self.name}"
