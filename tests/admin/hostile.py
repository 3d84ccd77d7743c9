"""A site in which every text is an attack, and what a page of the admin may consist of."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model
from django.urls import reverse

from conversations.admin import site
from conversations.models import ApiToken, Conversation, Message
from streaming.events import dumps
from tests.factories import (
    ApiTokenFactory,
    ConversationFactory,
    GenerationFactory,
    LogEntryFactory,
    MessageFactory,
    PersonFactory,
)

from .conftest import listing, page

#: PostgreSQL keeps no NUL outside of JSON text.
NUL = "" if connection.vendor == "postgresql" else "\0"
ATTACK = f"<script>alert(1)</script><img src=x onerror=alert(1)>'\"&lt;\u202e{NUL}{{{{x}}}}"
SHORT = "<b>x</b>"


def plant() -> list[Model]:
    """Every field that can hold text holds an attack. Returns one row of each kind."""
    person = PersonFactory.create(
        username=ATTACK, first_name=ATTACK, last_name=ATTACK, email=ATTACK, staff=True
    )
    group = Group.objects.create(name=ATTACK)
    person.groups.add(group)
    conversation = ConversationFactory.create(
        owner=person, title=ATTACK, system_prompt=ATTACK, model=ATTACK
    )
    generation = GenerationFactory.create(
        running=True,
        model=ATTACK,
        asked=ATTACK,
        labels={ATTACK: ATTACK},
        lease_owner=ATTACK,
        outcome=ATTACK,
        error_message=ATTACK,
    )
    part = {"type": ATTACK, "text": ATTACK, "name": ATTACK, "call": ATTACK}
    answer = MessageFactory.create(
        conversation=conversation,
        role=Message.Role.ASSISTANT,
        generation=generation,
        stored_parts=[part, {"type": "text", "text": ATTACK}, {**part, "type": "tool_call"}],
    )
    MessageFactory.create(conversation=conversation, role=SHORT, text=ATTACK)
    LogEntryFactory.create(generation=generation, name=SHORT, data=ATTACK)
    LogEntryFactory.create(generation=generation, name="delta", data=dumps({"text": ATTACK}))
    unread = GenerationFactory.create(model=ATTACK, prompt=ATTACK, state=SHORT, labels=ATTACK)
    token = ApiTokenFactory.create(person=person, name=ATTACK, scope=SHORT[:5])
    ApiToken.objects.update(hint=SHORT)
    conversation.current = answer
    conversation.save()
    return [person, group, conversation, answer, generation, unread, token]


def pages(rows: list[Model]) -> list[str]:
    """Every page there is to look at."""
    names = [f"{model._meta.app_label}_{model._meta.model_name}" for model in site._registry]
    person = rows[0]
    attacks = ("q", "person", "model", "outcome", "p", "since", "at", "after", "page", ATTACK)
    query = "&".join(f"{name}={ATTACK}" for name in attacks)
    return [
        reverse("admin:index"),
        *[reverse(f"admin:{name}_changelist") for name in names],
        *[page(row) for row in rows],
        *[f"{page(row)}?{query}" for row in rows],
        *[f"{page(row)}?whole" for row in rows if isinstance(row, Conversation)],
        *[
            reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])
            for row in rows
        ],
        *[f"{listing(type(row))}?q={ATTACK}" for row in rows],
        reverse("admin:conversations_person_add"),
        reverse("admin:auth_group_add"),
        reverse("admin:auth_user_password_change", args=[person.pk]),
    ]


NEVER = {"iframe", "object", "embed", "base", "math", "style", "video", "audio"}


@dataclass
class Page(HTMLParser):
    """What a page is made of that could do something; ``dangers`` is empty on a good one."""

    dangers: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, markup: str) -> Page:
        page = cls()
        page.feed(markup)
        page.close()
        return page

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        own = given.get("src", "").startswith(("/static/", "/admin/jsi18n/"))
        if tag in NEVER or (tag == "b" and "aria-current" not in given):
            self.dangers.append(f"<{tag}>")
        if tag in {"script", "img"} and not own:
            self.dangers.append(f"<{tag} src={given.get('src')}>")
        if tag in {"a", "form", "link"}:
            address = given.get("href") or given.get("action") or "?"
            if not address.startswith(("/", "?", "#", "../")) or address.startswith("//"):
                self.dangers.append(f"<{tag} {address}>")
        self.dangers += [f"{tag} {name}" for name in given if name.startswith("on")]
        self.dangers += [f"{tag} style" for name in given if name == "style"]
