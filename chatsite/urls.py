"""The sitemap."""

from django.urls import include, path

from conversations.admin import site
from conversations.api import api

from . import health

urlpatterns = [
    path("", include("conversations.urls")),
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

handler400 = "chatsite.errors.bad_request"
handler403 = "chatsite.errors.forbidden"
handler404 = "chatsite.errors.not_found"
handler500 = "chatsite.errors.server_error"
