"""What holds for every page: it may be served under our policy, and everybody can use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from conversations.models import Person
from tests.factories import ApiTokenFactory, ConversationFactory

from .document import Document, Node

Visit = Callable[..., Document]
PATHS = [
    "/", "/c/{id}/", "/c/{id}/rename/", "/c/{id}/delete/", "/settings/", "/nowhere/",
    "/accounts/email/", "/accounts/password/change/", "/accounts/logout/",
    "/accounts/password/reset/",
]  # fmt: skip


@pytest.fixture(params=PATHS)
def page(request: pytest.FixtureRequest, visit: Visit, alice: Person) -> Document:
    alice.is_staff = True
    alice.save()
    ApiTokenFactory.create(person=alice)
    conversation = ConversationFactory.create(owner=alice, said=["Why?", "Because."])
    path = request.param.format(id=conversation.id)
    return visit(path, status=404 if path == "/nowhere/" else 200)


def test_it_has_no_inline_style_or_script_but_its_own(page: Document) -> None:
    for node in page:
        assert "style" not in node.attributes
        assert not [name for name in node.attributes if name.startswith(("on", "hx-on"))]
        assert node.tag != "style"
        if node.tag == "script" and node.attributes.get("type") != "application/json":
            assert node["nonce"]


def test_it_fetches_nothing_from_elsewhere(page: Document) -> None:
    for node in page:
        for name in ("src", "href", "action", "hx-get", "hx-post"):
            assert node.attributes.get(name, "/").startswith(("/", "?", "#")), node


def test_its_ids_are_unique(page: Document) -> None:
    ids = Counter(node["id"] for node in page if "id" in node.attributes)
    assert [id for id, count in ids.items() if count > 1] == []


def test_its_controls_have_names(page: Document) -> None:
    labelled = {label["for"] for label in page.all("label")}
    for node in page:
        if node.tag in ("select", "textarea") or is_typed_into(node):
            assert node["id"] in labelled, node
        if node.tag in ("button", "a"):
            assert node.text or node.attributes.get("aria-label"), node


def is_typed_into(node: Node) -> bool:
    return node.tag == "input" and node.attributes.get("type") not in ("hidden", "submit")


def test_it_has_one_heading_a_title_and_a_language(page: Document) -> None:
    assert page.one("html")["lang"] == "en"
    assert page.one("title").text.endswith("Unbroken")
    assert len(page.one("main").all("h1")) == 1


def test_its_forms_that_change_something_carry_a_token(page: Document) -> None:
    for form in page.all("form", method="post"):
        if "action" in form.attributes:
            assert form.all("input", name="csrfmiddlewaretoken"), form
