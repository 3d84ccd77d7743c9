"""Whatever was written, by people or by models, comes out as text."""

from __future__ import annotations

import pytest
from django.test import Client

from streaming.models import Generation

from .conftest import listing, page
from .hostile import ATTACK, Page, pages, plant

pytestmark = pytest.mark.django_db

#: ATTACK as it reads; what cannot be seen in it is not compared.
READS = ATTACK[: ATTACK.index("\u202e")]


def test_it_shows_every_attack_as_text(admin: Client) -> None:
    rows = plant()
    for path in pages(rows):
        response = admin.get(path, follow=True)
        assert response.status_code == 200, path
        seen = Page.of(response.content.decode())
        assert seen.dangers == [], path
    for row in rows:
        assert READS in Page.of(admin.get(page(row)).content.decode()).text, row
        assert READS in Page.of(admin.get(listing(type(row))).content.decode()).text, row


def test_it_shows_attacks_as_text_in_what_it_says_itself(admin: Client) -> None:
    plant()
    pks = list(Generation.objects.values_list("pk", flat=True))
    selected = {"action": "stop_selected", "_selected_action": pks, "index": "0"}
    response = admin.post(listing(Generation), selected, follow=True)
    seen = Page.of(response.content.decode())
    assert f"Asked {READS}" in seen.text
    assert seen.dangers == []
    recent = Page.of(admin.get("/admin/").content.decode())
    assert READS in recent.text
    assert recent.dangers == []


@pytest.mark.parametrize(
    "bug",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b>bold</b>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='//example.org'>x</a>",
        "<p onclick=alert(1)>x</p>",
        "<p style='position:fixed'>x</p>",
        "<form action='https://example.org'>",
    ],
)
def test_it_would_notice_a_text_that_was_marked_safe(bug: str) -> None:
    assert Page.of(f"<p>{bug}</p>").dangers != []
