"""Message: a role and a list of parts, somewhere in a conversation's tree."""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from streaming.fields import JSONTextField
from streaming.models import Generation
from streaming.parts import Part, visible_text

from .conversations import Conversation


class MessageQuerySet(models.QuerySet["Message"]):
    def running(self) -> Self:
        return self.filter(generation__state__in=Generation.LIVE)

    def with_generation(self) -> Self:
        """The run behind each at hand, but for its prompt: that is as long as all said before."""
        return self.select_related("generation").defer("generation__prompt")


class Message(models.Model):
    """What one side said. A finished one never changes: to go on or again makes a sibling."""

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    role = models.CharField(max_length=9, choices=Role)
    #: The run that makes this answer; a person's own message has none.
    generation = models.OneToOneField(
        Generation, models.PROTECT, null=True, blank=True, related_name="message"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    #: A list of :class:`streaming.parts.Part` as JSON; NULL until an answer's log was folded.
    stored_parts = JSONTextField(null=True, blank=True, db_column="parts")

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["conversation", "id"], name="message_order")]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"

    @property
    def status(self) -> str:
        """``queued``, ``running``, ``done``, ``stopped``, ``incomplete`` or ``failed``."""
        return self.generation.state if self.generation else Generation.State.DONE.value

    @property
    def is_live(self) -> bool:
        return self.generation is not None and self.generation.is_live

    @property
    def parts(self) -> list[Part]:
        """The stored parts; none while the answer is on its way (see ``answers.state``)."""
        return [Part.from_json(part) for part in self.stored_parts or ()]

    @property
    def text(self) -> str:
        return visible_text(self.parts)

    def siblings(self) -> list[UUID]:
        """The ids of this and the other messages under the same parent, oldest first."""
        return list(
            Message.objects.filter(conversation_id=self.conversation_id, parent_id=self.parent_id)
            .order_by("id")
            .values_list("id", flat=True)
        )
