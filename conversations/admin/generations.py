"""Generations: what ran, what it cost, what went wrong; and the button that stops one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ChoicesFieldListFilter, action, display, register
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from streaming.generations import stop
from streaming.models import Generation

from .figures import NONE, amount, duration, moment, price
from .filters import containing, created, person
from .generation_page import page
from .plain_text import line
from .read_only import ReadOnly
from .site import site
from .totals import Totals


@register(Generation, site=site)
class GenerationAdmin(ReadOnly):
    page_template = "admin/streaming/generation/page.html"
    list_display = (
        "name",
        "status",
        "person",
        "made",
        "first_token",
        "total",
        "speed",
        "tokens_in",
        "tokens_out",
        "price",
    )
    list_filter = (
        ("state", ChoicesFieldListFilter),
        person("message__conversation__owner"),
        containing("model", "model"),
        containing("outcome", "outcome", "length, overloaded, …"),
        created("key"),
    )
    list_select_related: ClassVar = ("message__conversation__owner",)
    search_fields = ("model", "outcome", "error_message")
    search_help_text = "Model, outcome or words of the error, or a whole id of an answer"
    id_fields = ("key", "message__conversation", "stop_receipt")
    ordering = ("-id",)
    sortable_by = ()
    actions = ("stop_selected",)

    def lean(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        long = ("prompt", "labels", "error_message")
        far = ("message__stored_parts", "message__conversation__system_prompt")
        return queryset.defer(*long, *far)

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Paginator[Any]:
        # The history of one, which is made of other rows, asks here too.
        pages = Totals if queryset.model is Generation else Paginator
        return pages(queryset, *args, **kwargs)

    @display(description="model")
    def name(self, generation: Generation) -> SafeString:
        return line(generation.model, 60)

    @display(description="status")
    def status(self, generation: Generation) -> SafeString:
        """Its state, and why it is in it, where the state does not say so."""
        why = "" if generation.outcome in ("stop", generation.state) else generation.outcome
        if generation.is_live and generation.stop_receipt is not None:
            why = "asked to stop"
        return format_html(
            '<span class="state" data-state="{0}">{0}</span> {1}',
            generation.state,
            line(why, 40) if why else "",
        )

    @display(description="person")
    def person(self, generation: Generation) -> str:
        answer = getattr(generation, "message", None)
        return str(answer.conversation.owner) if answer else NONE

    @display(description="created")
    def made(self, generation: Generation) -> SafeString | str:
        return moment(generation.created_at)

    @display(description="first token")
    def first_token(self, generation: Generation) -> str:
        return duration(generation.first_token_ms)

    @display(description="in all")
    def total(self, generation: Generation) -> str:
        return duration(generation.total_ms)

    @display(description="tokens/s")
    def speed(self, generation: Generation) -> str:
        speed = generation.tokens_per_second
        return NONE if speed is None else f"{speed:,.1f}"

    @display(description="tokens in")
    def tokens_in(self, generation: Generation) -> str:
        return amount(generation.input_tokens)

    @display(description="tokens out")
    def tokens_out(self, generation: Generation) -> str:
        return amount(generation.output_tokens)

    @display(description="cost")
    def price(self, generation: Generation) -> str:
        return price(generation.cost)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("streaming.change_generation")

    @action(description="Stop the selected answers", permissions=["stop"])
    def stop_selected(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        running = list(queryset.filter(state__in=Generation.LIVE))
        for generation in running:
            self.stop(request, generation)
        if not running:
            self.message_user(request, "All of these had ended already.", messages.WARNING)

    def stop(self, request: HttpRequest, generation: Generation) -> None:
        """Stop one, write down who did it, and say so."""
        receipt = stop(generation)
        if receipt is None:
            words = "{} had ended by itself before."
            self.message_user(request, words.format(generation), messages.WARNING)
            return
        self.log_change(request, generation, f"Asked it to stop, receipt {receipt}")
        self.message_user(request, f"Asked {generation} to stop.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.stop_view)
        return [path("<int:pk>/stop/", view, name="streaming_generation_stop"), *super().get_urls()]

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the button on a generation's page posts to."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and self.has_stop_permission(request)):
            raise PermissionDenied
        generation = self.get_object(request, str(pk))
        if generation is None:
            raise Http404
        self.stop(request, generation)
        return HttpResponseRedirect(
            reverse("admin:streaming_generation_change", args=[pk], current_app=site.name)
        )

    def page(self, request: HttpRequest, obj: Generation) -> dict[str, Any]:
        return page(
            obj,
            after=request.GET.get("after"),
            whole="whole" in request.GET,
            may_stop=obj.is_live and self.has_stop_permission(request),
        )
