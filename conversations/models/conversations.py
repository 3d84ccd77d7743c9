"""Conversation: a tree of messages with one current branch, owned by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from .messages import Message

TITLE_LENGTH = 200


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, person: models.Model) -> Self:
        return self.filter(owner=person)

    def listed(self, archived: bool = False) -> Self:
        """As the sidebar shows them: pinned first, then the latest."""
        return self.filter(archived=archived).order_by("-pinned", "-updated_at", "-id")


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=TITLE_LENGTH, default="", blank=True)
    system_prompt = models.TextField(default="", blank=True)
    #: ``provider/name``; empty means the deployment's default.
    model = models.CharField(max_length=200, default="", blank=True)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    #: The leaf of the branch that is shown.
    current = models.ForeignKey(
        "conversations.Message", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: The Idempotency-Key it was created with: the same call again finds it.
    creation_key = models.CharField(max_length=255, null=True, editable=False)
    creation_digest = models.CharField(max_length=64, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    #: When something was last said or changed here.
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "creation_key"], name="one_conversation_per_key"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["owner", "archived", "-pinned", "-updated_at", "-id"],
                name="conversation_list",
            )
        ]

    def __str__(self) -> str:
        return self.title or "New conversation"

    def branch(self, leaf: UUID | None = None) -> list[Message]:
        """From the root to a leaf (the current one), generations at hand: one query."""
        from .messages import Message

        by_id = {
            message.id: message
            for message in Message.objects.filter(conversation=self).with_generation()
        }
        branch = []
        leaf = leaf or self.current_id
        while leaf is not None and (message := by_id.get(leaf)) is not None:
            branch.append(message)
            leaf = message.parent_id
        return branch[::-1]
