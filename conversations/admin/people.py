"""People: who has an account, and who may do what."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import display, register
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, ManyToManyField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from conversations.models import Conversation, Person

from .figures import amount, moment
from .read_only import Quiet
from .site import site

#: What somebody with permission to change people may change without being a superuser. An e-mail
#: address is not among it: it opens the account by a password reset.
HARMLESS = frozenset({"first_name", "last_name", "is_active"})


def _conversation_count() -> Subquery:
    owned = Conversation.objects.filter(owner=OuterRef("pk")).order_by().values("owner")
    return Subquery(owned.annotate(n=Count("pk")).values("n"), output_field=IntegerField())


@register(Person, site=site)
class PersonAdmin(Quiet, UserAdmin):  # type: ignore[type-arg]
    """Superusers write; others with the permission may suspend. Nobody is deleted here."""

    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    change_form_template = "admin/conversations/person/change_form.html"
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    list_display = (
        "username",
        "email",
        "conversation_count",
        "is_active",
        "is_staff",
        "is_superuser",
        "seen",
        "joined",
    )
    list_filter = ("is_active", "is_staff", "is_superuser")
    sortable_by = ("username", "email", "seen", "joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        count = Coalesce(_conversation_count(), 0)
        people: QuerySet[Any] = super().get_queryset(request)
        people = people.annotate(conversation_count=count)
        return people

    @display(description="conversations")
    def conversation_count(self, person: Any) -> str:
        return amount(person.conversation_count)

    @display(description="last sign-in", ordering="last_login")
    def seen(self, person: Person) -> SafeString | str:
        return moment(person.last_login)

    @display(description="joined", ordering="date_joined")
    def joined(self, person: Person) -> SafeString | str:
        return moment(person.date_joined)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the password's hash, which is for those who may set another."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or request.user.is_superuser:
            return fieldsets
        return [
            (name, {**options, "fields": [one for one in options["fields"] if one != "password"]})
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if obj is None or request.user.is_superuser:
            return fields
        every = {one for _, options in self.fieldsets for one in options["fields"]}
        return sorted(every - HARMLESS - {"password"})

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs["widget"] = CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)
