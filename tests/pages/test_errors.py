from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from chatsite import urls

from .document import Document


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret detail")


urlpatterns = [path("broken/", broken), path("api/broken/", broken), path("", include(urls))]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


@pytest.fixture
def client(settings: Settings) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


def test_it_says_that_there_is_nothing(client: Client) -> None:
    answer = client.get("/nowhere/")
    page = Document(answer.content.decode())
    assert answer.status_code == 404
    assert page.one("h1").text == "There is nothing here"
    assert page.one("a", class_="button")["href"] == "/"


def test_it_says_that_something_broke_and_not_what(client: Client) -> None:
    answer = client.get("/broken/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_it_answers_programs_with_problem_documents(client: Client) -> None:
    for where, status in (("/api/broken/", 500), ("/api/nowhere", 404)):
        answer = client.get(where)
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"


def test_it_makes_htmx_load_the_page_anew(client: Client) -> None:
    answer = client.get("/nowhere/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (404, "true", b"")


def test_it_serves_no_host_but_its_own(client: Client) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert Document(answer.content.decode()).one("h1").text == "That request made no sense"
