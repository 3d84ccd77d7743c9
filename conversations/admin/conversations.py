"""Conversations: found by staff, read as a page."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import SimpleListFilter, display, register
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from conversations.models import Conversation, Message
from streaming.models import Generation

from .figures import amount, moment
from .filters import containing, created, person
from .plain_text import line, plain
from .read_only import ReadOnly
from .shown import LIMIT, shown_message
from .site import site
from .transcript import Transcript


class HasAnswer(SimpleListFilter):
    """Conversations with at least one answer in a state."""

    title = "an answer that is"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in Generation.State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        answers = Message.objects.filter(generation__state=self.value())
        return queryset.filter(pk__in=answers.values("conversation"))


def _message_count() -> Subquery:
    messages = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
    return Subquery(messages.annotate(n=Count("pk")).values("n"), output_field=IntegerField())


@register(Conversation, site=site)
class ConversationAdmin(ReadOnly):
    page_template = "admin/conversations/conversation/transcript.html"
    list_display = ("name", "owner", "model", "length", "marks", "changed", "made")
    list_filter = (
        person("owner"),
        containing("model", "model"),
        HasAnswer,
        "archived",
        "pinned",
        created("id"),
    )
    list_select_related: ClassVar = ("owner",)
    search_fields = ("title",)
    search_help_text = "Words of the title, or the whole id of a conversation or of a message"
    id_fields = ("pk", "messages")
    ordering = ("-updated_at",)
    sortable_by = ("changed", "made")

    def lean(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        queryset = queryset.defer("system_prompt").annotate(length=Coalesce(_message_count(), 0))
        return queryset

    @display(description="title")
    def name(self, conversation: Conversation) -> SafeString:
        return line(str(conversation))

    @display(description="messages")
    def length(self, conversation: Any) -> str:
        return amount(conversation.length)

    @display(description="")
    def marks(self, conversation: Conversation) -> SafeString:
        marks = [name for name in ("pinned", "archived") if getattr(conversation, name)]
        return format_html_join(" ", '<span class="state">{}</span>', ((name,) for name in marks))

    @display(description="last change", ordering="updated_at")
    def changed(self, conversation: Conversation) -> SafeString | str:
        return moment(conversation.updated_at)

    @display(description="created", ordering="id")
    def made(self, conversation: Conversation) -> SafeString | str:
        return moment(conversation.created_at)

    def page(self, request: HttpRequest, obj: Conversation) -> dict[str, Any]:
        """The branch ``?at=`` a message, page ``?page=``; whole texts with ``?whole``."""
        transcript = Transcript(obj, _uuid(request.GET.get("at")), _number(request.GET.get("page")))
        limit = None if "whole" in request.GET else LIMIT
        said = transcript.said()
        return {
            "title": "Transcript",
            "subtitle": None,
            "transcript": transcript,
            "name": plain(str(obj)),
            "system_prompt": plain(obj.system_prompt, limit),
            "said": [shown_message(one, limit) for one in said],
            "cut": limit and any(len(part.text) > limit for one in said for part in one.parts),
            "facts": [
                ("Model", obj.model or "the default"),
                ("Created", moment(obj.created_at)),
                ("Last change", moment(obj.updated_at)),
                ("Messages", f"{len(transcript.branch):,} of {len(transcript.parents):,}"),
                ("Branches", amount(transcript.branches)),
            ],
        }


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None
