"""Messages: every one, in all conversations."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import ChoicesFieldListFilter, display, register
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.db.models.lookups import IContains
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.models import Message
from streaming.events import dumps
from streaming.fields import JSONTextField

from .figures import NONE, moment
from .filters import containing, created, person
from .plain_text import excerpt, line, plain
from .read_only import ReadOnly
from .shown import shown_message
from .site import site
from .transcript import Said, parts_so_far


@JSONTextField.register_lookup
class TextContains(IContains):
    """``icontains`` of a text inside the JSON, in whatever way JSON writes the words."""

    def get_prep_lookup(self) -> str:
        return dumps(str(self.rhs))[1:-1]


def _link(message: UUID) -> SafeString:
    path = reverse("admin:conversations_message_change", args=[message])
    return format_html('<a href="{}">{}</a>', path, message)


@register(Message, site=site)
class MessageAdmin(ReadOnly):
    page_template = "admin/conversations/message/page.html"
    list_display = ("text", "role", "person", "title", "status", "answered_by", "made")
    list_filter = (
        "role",
        ("generation__state", ChoicesFieldListFilter),
        person("conversation__owner"),
        containing("generation__model", "model"),
        created("id"),
    )
    list_select_related: ClassVar = ("conversation__owner", "generation")
    search_fields = ("stored_parts",)
    search_help_text = "Words that were said, or the whole id of a message or of a conversation"
    id_fields = ("pk", "conversation")
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset.defer("generation__prompt", "generation__labels")

    def lean(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """A message may be a megabyte: a list loads its beginning."""
        long = ("stored_parts", "conversation__system_prompt", "generation__error_message")
        queryset = queryset.defer(*long).annotate(head=Left("stored_parts", 1000))
        return queryset

    @display(description="text")
    def text(self, message: Any) -> SafeString:
        return line(excerpt(message.head))

    @display(description="person")
    def person(self, message: Message) -> str:
        return str(message.conversation.owner)

    @display(description="conversation")
    def title(self, message: Message) -> SafeString:
        return line(str(message.conversation), 40)

    @display(description="status")
    def status(self, message: Message) -> SafeString:
        return format_html('<span class="state" data-state="{0}">{0}</span>', message.status)

    @display(description="model")
    def answered_by(self, message: Message) -> SafeString | str:
        return line(message.generation.model, 40) if message.generation else NONE

    @display(description="created")
    def made(self, message: Message) -> SafeString | str:
        return moment(message.created_at)

    def page(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        """All of one message, uncut."""
        parts = parts_so_far([obj]).get(obj.id, obj.parts)
        return {
            "subtitle": None,
            "said": shown_message(Said(obj, 0, parts, obj.siblings()), None),
            "name": plain(str(obj.conversation)),
            "facts": [
                ("Id", str(obj.id)),
                ("Created", moment(obj.created_at)),
                ("Answers", _link(obj.parent_id) if obj.parent_id else "nothing: it begins here"),
            ],
        }
