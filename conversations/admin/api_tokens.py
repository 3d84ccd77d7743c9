"""API tokens: who holds which, and the way to end one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter, action, display, register
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.models import ApiToken

from .figures import moment
from .filters import person
from .plain_text import line, plain
from .read_only import ReadOnly
from .site import site


class Valid(SimpleListFilter):
    title = "validity"
    parameter_name = "valid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Valid"), ("no", "Revoked, expired or suspended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        valid = ApiToken.objects.valid().values("pk")
        match self.value():
            case "yes":
                return queryset.filter(pk__in=valid)
            case "no":
                return queryset.exclude(pk__in=valid)
            case _:
                return queryset


@register(ApiToken, site=site)
class ApiTokenAdmin(ReadOnly):
    page_template = "admin/conversations/apitoken/page.html"
    list_display = ("label", "person", "scope", "status", "made", "expires", "used")
    list_filter = (Valid, "scope", person("person"))
    list_select_related: ClassVar = ("person",)
    search_fields = ("name", "hint", "person__username", "person__email")
    search_help_text = "Name, first characters, or whose it is"
    id_fields = ("name",)
    ordering = ("-id",)
    sortable_by = ()
    actions = ("revoke_selected",)

    @display(description="name")
    def label(self, token: ApiToken) -> SafeString:
        return line(str(token))

    @display(description="status")
    def status(self, token: ApiToken) -> SafeString:
        if token.revoked_at is not None:
            state = "revoked"
        elif token.expires_at is not None and token.expires_at <= timezone.now():
            state = "expired"
        else:
            state = "valid" if token.person.is_active else "suspended"
        return format_html('<span class="state" data-state="{0}">{0}</span>', state)

    @display(description="created")
    def made(self, token: ApiToken) -> SafeString | str:
        return moment(token.created_at)

    @display(description="expires")
    def expires(self, token: ApiToken) -> SafeString | str:
        return moment(token.expires_at) if token.expires_at else "never"

    @display(description="last used")
    def used(self, token: ApiToken) -> SafeString | str:
        return moment(token.last_used_at) if token.last_used_at else "never"

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.change_apitoken")

    @action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        tokens = list(queryset.filter(revoked_at=None))
        for token in tokens:
            token.revoke()
            self.log_change(request, token, "Revoked")
        self.message_user(request, f"Revoked: {len(tokens)}")

    def page(self, request: HttpRequest, obj: ApiToken) -> dict[str, Any]:
        return {
            "title": "API token",
            "subtitle": None,
            "name": plain(obj.name),
            "status": self.status(obj),
            "facts": [
                ("Begins with", plain(obj.hint)),
                ("Scope", obj.get_scope_display()),
                ("Created", self.made(obj)),
                ("Expires", self.expires(obj)),
                ("Last used", self.used(obj)),
                ("Revoked", moment(obj.revoked_at)),
            ],
        }
