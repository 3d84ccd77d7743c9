"""Groups: permissions with a name, for staff who may not do everything."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import register
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest

from .read_only import Quiet
from .site import site

#: The permissions that open anything here, and what they open.
MEANINGS = {
    "view_conversation": "Read conversations",
    "view_message": "Read messages",
    "view_generation": "See generations and what they cost",
    "change_generation": "Stop answers",
    "view_person": "See people",
    "change_person": "Suspend people",
    "add_person": "Add people (with the right to suspend)",
    "view_apitoken": "See API tokens",
    "change_apitoken": "Revoke API tokens",
}


class Rights(ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Permission) -> str:
        return MEANINGS[obj.codename]


@register(Group, site=site)
class GroupAdmin(Quiet):
    """Written by superusers alone: who writes groups gives rights."""

    search_fields = ("name",)
    ordering = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs |= {
            "queryset": Permission.objects.filter(codename__in=MEANINGS).order_by("pk"),
            "form_class": Rights,
            "widget": CheckboxSelectMultiple,
        }
        return super().formfield_for_manytomany(db_field, request, **kwargs)
