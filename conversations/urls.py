"""Pages and the API."""

from django.urls import URLPattern, URLResolver, path

from .pages.answers import again, stop
from .pages.ask import ask
from .pages.conversation import conversation, home
from .pages.delete import delete
from .pages.rename import rename
from .pages.settings import revoke_token, settings
from .pages.sidebar import item, listing

app_name = "conversations"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("ask/", ask, name="ask"),
    path("c/<uuid:id>/", conversation, name="conversation"),
    path("c/<uuid:id>/ask/", ask, name="ask"),
    path("c/<uuid:id>/rename/", rename, name="rename"),
    path("c/<uuid:id>/delete/", delete, name="delete"),
    path("m/<uuid:id>/stop/", stop, name="stop"),
    path("m/<uuid:id>/again/", again, name="again"),
    path("list/", listing, name="list"),
    path("list/<uuid:id>/", item, name="item"),
    path("settings/", settings, name="settings"),
    path("settings/tokens/<int:id>/revoke/", revoke_token, name="revoke_token"),
]
