"""ModelAdmin for what staff may read and nobody may write."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from .figures import NONE
from .site import Site


class Quiet(ModelAdmin):  # type: ignore[type-arg]
    """No jQuery, and no query whose cost grows with what is not shown."""

    admin_site: Site
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    empty_value_display = NONE

    @property
    def media(self) -> Media:
        """What a list needs; the widgets that would need more are not used."""
        styles = [f"css/admin-{name}.css" for name in ("text", "review", "list")]
        return Media(js=["admin/js/core.js", "admin/js/actions.js"], css={"all": styles})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the buttons that open a window for a related object: they need jQuery."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LeanList(ChangeList):
    """Loads of each row what :meth:`ReadOnly.lean` leaves."""

    model_admin: ReadOnly

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return self.model_admin.lean(super().get_queryset(request, exclude_parameters))


class ReadOnly(Quiet):
    """Lists, and one page for each, drawn by ``page_template`` with :meth:`page`."""

    page_template: ClassVar[str]
    list_select_related: ClassVar[tuple[str, ...]] = ()
    #: What a whole UUID in the search box is looked up in.
    id_fields: ClassVar[tuple[str, ...]] = ("pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LeanList

    def lean(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """For a list: without what may be long, with what is cheaper to have now than per row."""
        return queryset

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            whole = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        found = Q()
        for field in self.id_fields:
            # A query of its own for each, and thereby its own index.
            rows = self.model._default_manager.filter(**{field: whole})
            found |= Q(pk__in=rows.values("pk"))
        return queryset.filter(found), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one object; 404 where there is none, a POST is refused."""
        obj = self.get_object(request, unquote(object_id))
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": capfirst(self.opts.verbose_name),
            "media": self.media,
            **self.page(request, obj),
        }
        return TemplateResponse(request, self.page_template, context)

    def page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the page shows."""
        raise NotImplementedError
