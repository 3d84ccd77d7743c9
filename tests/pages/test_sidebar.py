from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from conversations.models import Person
from tests.factories import ConversationFactory

from .document import Document

Visit = Callable[..., Document]


def titles(page: Document) -> list[str]:
    return [link.text for link in page.all("a", class_="conversation-link")]


def test_it_lists_what_is_mine_pinned_ones_first_then_the_latest(
    visit: Visit, alice: Person, charlie: Person
) -> None:
    ConversationFactory.create(owner=alice, title="Pinned", pinned=True)
    ConversationFactory.create(owner=alice, title="Older")
    ConversationFactory.create(owner=alice, title="Newer")
    ConversationFactory.create(owner=alice, title="Put away", archived=True)
    ConversationFactory.create(owner=charlie, title="Somebody else's")
    assert titles(visit("/")) == ["Pinned", "Newer", "Older"]


def test_it_marks_the_one_that_is_open(visit: Visit, alice: Person) -> None:
    here = ConversationFactory.create(owner=alice, title="Here")
    ConversationFactory.create(owner=alice, title="There")
    page = visit(f"/c/{here.id}/")
    assert [link.text for link in page.all("a", aria_current="page")] == ["Here"]


def test_it_shows_fifty_and_more_when_asked(visit: Visit, alice: Person) -> None:
    ConversationFactory.create_batch(53, owner=alice)
    page = visit("/")
    assert len(titles(page)) == 50
    more = page.one("a", hx_target="#conversations")
    assert len(titles(visit(more["href"]))) == 53
    assert len(titles(visit(more["hx-get"], htmx="/"))) == 53
    assert "Show more" not in visit(more["href"]).text


def test_it_takes_any_wish_for_more_without_breaking(visit: Visit, alice: Person) -> None:
    ConversationFactory.create(owner=alice, title="Only")
    for wish in ("", "-1", "x", "²", "1e9", "9" * 30, "0"):
        assert titles(visit(f"/?shown={wish}")) in (["Only"], [])


def test_it_comes_anew_with_the_title_of_the_page_that_asks(visit: Visit, alice: Person) -> None:
    here = ConversationFactory.create(owner=alice, title="A <b>new</b> title")
    part = visit("/list/", htmx=f"/c/{here.id}/")
    assert part.one("h1", id="conversation-title")["hx-swap-oob"] == "true"
    assert part.one("h1").text == "A <b>new</b> title"
    assert part.one("title").text == "A <b>new</b> title · Unbroken"
    assert part.one("a", aria_current="page").text == "A <b>new</b> title"


def test_it_tells_a_page_nothing_about_a_strangers_conversation(
    visit: Visit, charlie: Person
) -> None:
    theirs = ConversationFactory.create(owner=charlie, title="Secret")
    assert "Secret" not in visit("/list/", htmx=f"/c/{theirs.id}/").html


def test_it_sends_a_page_whose_session_is_over_to_the_sign_in(db: None) -> None:
    response = Client().get("/list/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")


def test_it_shows_the_way_to_administration_to_staff_only(visit: Visit, alice: Person) -> None:
    assert not visit("/").all("a", href="/admin/")
    alice.is_staff = True
    alice.save()
    assert visit("/").one("a", href="/admin/").text == "Administration"
