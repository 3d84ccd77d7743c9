"""The admin site: its name, its door, and what its pages may load."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse

#: What the first page lists, and in which order.
GROUPS = {
    "Review": ["Conversation", "Message", "Generation"],
    "Access": ["Person", "ApiToken", "Group"],
}

View = Callable[..., Any]


class Site(AdminSite):
    """Django's admin with one way in (the product's own, which limits rates) and no jQuery.

    A model is here only if a file of this package registers it.
    """

    site_header = site_title = "Unbroken"
    index_title = "Administration"
    enable_nav_sidebar = False  # six models fit into the head of the page

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = guarded(request, *args, **kwargs)
            response.csp = self.content_policy(request)  # type: ignore[attr-defined]
            return response

        return update_wrapper(answer, guarded)

    def content_policy(self, request: HttpRequest) -> dict[str, str | None]:
        """The directives that differ from the product's.

        Django's admin loads its scripts by address, without a nonce: they, its catalogue of
        words and nothing else may run. None of them makes markup from strings, so no policy for
        trusted types may exist at all.
        """
        host = request.get_host()
        paths = [static("admin/js/"), reverse("admin:jsi18n", current_app=self.name)]
        sources = [f"{host}{path}" if path.startswith("/") else path for path in paths]
        return {
            # The language of policies has no word for an IPv6 address.
            "script-src": "'self'" if host.startswith("[") else " ".join(sources),
            "style-src": "'self'",
            "connect-src": None,
            "font-src": None,
            "manifest-src": None,
            "trusted-types": "'none'",
        }

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """By what they are for, not by the package that keeps them."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["object_name"]: model for app in apps for model in app["models"]}
        return [
            {
                "name": name,
                "app_label": name.lower(),
                "app_url": reverse("admin:index", current_app=self.name),
                "has_module_perms": True,
                "models": shown,
            }
            for name, members in GROUPS.items()
            if (shown := [models[one] for one in members if one in models])
        ]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """To the product's sign-in page, or on to where one came from; 403 if not staff."""
        return secure_admin_login(super().login)(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return LogoutView.as_view(next_page=settings.ACCOUNT_LOGOUT_REDIRECT_URL)(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))


site = Site(name="admin")
