"""Health, for load balancers; the reference, for programs and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver

from tests.client import Client
from tests.site import Site

from .problems import assert_problem
from .sites import Somebody, on_every_server

METHODS = {"get", "post", "put", "patch", "delete"}
#: What the protocol's table has, as far as it is there.
ROUTES = {
    ("get", "/models"),
    ("get", "/conversations"),
    ("post", "/conversations"),
    ("get", "/conversations/{id}"),
    ("patch", "/conversations/{id}"),
    ("delete", "/conversations/{id}"),
    ("get", "/conversations/{id}/messages"),
    ("post", "/conversations/{id}/messages"),
    ("get", "/messages/{id}"),
    ("get", "/messages/{id}/events"),
    ("post", "/messages/{id}/stop"),
    ("post", "/messages/{id}/regenerate"),
    ("post", "/messages/{id}/continue"),
    ("post", "/messages/{id}/edit"),
}


@on_every_server
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_well(site: Site, path: str) -> None:
    client = Client(site.url)
    assert client.call("GET", path).status == 200
    assert client.call("HEAD", path).status == 200


@pytest.fixture
def document(site: Site) -> Any:
    answer = Client(site.url).call("GET", "/api/v1/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            yield method, path.removeprefix("/api/v1"), item[method]


def test_the_reference_lists_every_route(document: Any) -> None:
    listed = {(method, path) for method, path, _ in operations(document)}
    assert listed >= ROUTES
    there = set()
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern) == "api/v1/":
            for route in pattern.url_patterns:  # type: ignore[union-attr]
                there.add("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(route.pattern)))
    described = {path for _, path in listed}
    assert there - described <= {"/", "/openapi.json", "/docs"}


def test_the_reference_is_an_openapi_3_1_document(document: Any) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"]
    assert document["info"]["version"]
    ids = []
    for method, path, operation in operations(document):
        ids.append(operation["operationId"])
        assert operation["summary"], (method, path)
        declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path)), path
        for one in operation.get("parameters", []):
            assert one["in"] in ("path", "query", "header", "cookie")
            assert one["schema"]
            assert one["required"] or one["in"] != "path"
        assert operation["responses"], path
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5](\d\d|XX)|default", str(status))
            assert response["description"], (path, status)
        if "requestBody" in operation:
            assert "application/json" in operation["requestBody"]["content"]
    assert len(ids) == len(set(ids))
    for reference in references(document):
        assert resolve(document, reference), reference


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for step in reference.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def test_the_reference_says_how_to_sign_in_and_how_answers_travel(document: Any) -> None:
    schemes = document["components"]["securitySchemes"].values()
    assert {"type": "http", "scheme": "bearer"}.items() <= next(iter(schemes)).items()
    by_route = {(method, path): operation for method, path, operation in operations(document)}
    streaming = [key for key in by_route if key[1].endswith(("/events", "/edit", "/continue"))]
    streaming += [("post", "/conversations/{id}/messages"), ("post", "/messages/{id}/regenerate")]
    for key in streaming:
        content = by_route[key]["responses"]["200"]["content"]
        assert {"text/event-stream", "application/json"} <= content.keys(), key
    assert all(operation.get("security") for operation in by_route.values())


def test_answers_are_as_the_reference_says(alice: Somebody, document: Any) -> None:
    conversation = alice.conversation()
    message = alice.answered(conversation, "hi")
    ids = {"/conversations/{id}": conversation, "/messages/{id}": message}
    for method, path, operation in operations(document):
        if method != "get":
            continue
        for prefix, id in ids.items():
            if path.startswith(prefix):
                path = path.replace("{id}", id)
        answer = alice.call("GET", f"/api/v1{path}").json
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        schema = resolve(document, schema["$ref"]) if "$ref" in schema else schema
        assert answer.keys() <= schema["properties"].keys(), path
        assert set(schema.get("required", [])) <= answer.keys(), path


def test_there_is_a_page_to_read_it_on(site: Site) -> None:
    answer = Client(site.url).call("GET", "/api/v1/docs")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert b"/api/v1/openapi.json" in answer.body
    outside = re.findall(rb'(?:src|href)="(https?://[^"]+)', answer.body)
    assert not outside


def test_what_is_no_route_is_told_as_a_problem(site: Site) -> None:
    assert_problem(Client(site.url).call("GET", "/api/v2/models"), 404)
    assert_problem(Client(site.url).call("POST", "/healthz/x"), 404)
