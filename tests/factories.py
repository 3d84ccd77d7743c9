"""Rows as the product would write them: `MessageFactory.create(answer=True, text="Hello")`."""

# factory-boy says that it is typed; its declarations are not.
# mypy: disable-error-code="no-untyped-call,untyped-decorator"

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db.models import Model
from django.utils import timezone
from factory.declarations import (
    LazyAttribute,
    LazyFunction,
    SelfAttribute,
    Sequence,
    SubFactory,
    Trait,
)
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from conversations.models import ApiToken, Conversation, Message, Person
from streaming.events import dumps
from streaming.models import Generation, LogEntry
from streaming.parts import Part
from streaming.prompt import Prompt, Turn

PASSWORD = "correct horse battery staple"
#: One iteration in place of a million: half a second saved for every person.
HASH = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-the-tests-only", iterations=1)
MODEL = "demo/tour"

M = TypeVar("M", bound=Model)


class Factory(DjangoModelFactory[M], Generic[M]):
    """factory-boy's, typed."""

    class Meta:
        abstract = True

    @classmethod
    def create(cls, **kwargs: Any) -> M:
        return super().create(**kwargs)

    @classmethod
    def create_batch(cls, size: int, **kwargs: Any) -> list[M]:
        return super().create_batch(size, **kwargs)


class PersonFactory(Factory[Person]):
    """Somebody who can sign in with ``PASSWORD``."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    class Params:
        staff = Trait(is_staff=True)
        administrator = Trait(is_staff=True, is_superuser=True)
        suspended = Trait(is_active=False)

    username = Sequence(lambda n: f"person{n}")
    email = LazyAttribute(lambda person: f"{person.username}@example.org")
    password = HASH


class ConversationFactory(Factory[Conversation]):
    """``said=["Hi", "Hello!"]`` makes messages, questions and answers by turns."""

    class Meta:
        model = Conversation
        skip_postgeneration_save = True

    owner = SubFactory(PersonFactory)
    title = Sequence(lambda n: f"Conversation {n}")

    @post_generation
    def said(self: Any, create: bool, extracted: Iterable[str] | None, **kwargs: Any) -> None:
        for index, text in enumerate(extracted or ()):
            self.current = MessageFactory.create(
                conversation=self, parent=self.current, answer=bool(index % 2), text=text
            )
        if extracted:
            self.save()


class GenerationFactory(Factory[Generation]):
    """Queued, unless a trait says what became of it."""

    class Meta:
        model = Generation

    class Params:
        running = Trait(
            state=Generation.State.RUNNING,
            epoch=1,
            attempt=1,
            lease_owner="a-node",
            lease_until=LazyFunction(lambda: timezone.now() + timedelta(minutes=1)),
            started_at=LazyFunction(timezone.now),
        )
        ended = Trait(
            epoch=1,
            attempt=1,
            started_at=LazyFunction(timezone.now),
            ended_at=LazyFunction(timezone.now),
            last_seq=4,
            queued_ms=1,
            total_ms=1500,
        )
        answered = Trait(
            ended=True,
            first_token_ms=120,
            tokens_per_second=40.0,
            input_tokens=12,
            output_tokens=34,
            usage_exact=True,
        )
        done = Trait(answered=True, state=Generation.State.DONE, outcome="stop")
        incomplete = Trait(answered=True, state=Generation.State.INCOMPLETE, outcome="length")
        stopped = Trait(
            answered=True,
            state=Generation.State.STOPPED,
            stop_receipt=LazyFunction(uuid.uuid4),
            stop_requested_at=LazyFunction(timezone.now),
        )
        failed = Trait(
            ended=True,
            state=Generation.State.FAILED,
            outcome="overloaded",
            error_message="The provider has too much to do. Try again in a minute.",
            recoverable=True,
        )
        asked = "What is a log?"

    model = MODEL
    prompt = LazyAttribute(
        lambda self: Prompt(self.model, (Turn("user", (Part("text", self.asked),)),)).json()
    )
    labels = LazyFunction(dict)


class MessageFactory(Factory[Message]):
    """A question; with ``answer=True`` a finished answer and its generation."""

    class Meta:
        model = Message

    class Params:
        text = "Something that was said."
        question = Trait(role=Message.Role.USER)
        answer = Trait(
            role=Message.Role.ASSISTANT,
            generation=SubFactory(GenerationFactory, done=True, key=SelfAttribute("..id")),
        )

    id = LazyFunction(Message._meta.pk.get_default)
    conversation = SubFactory(ConversationFactory)
    role = Message.Role.USER
    stored_parts = LazyAttribute(lambda self: [Part("text", self.text).as_json()])


class LogEntryFactory(Factory[LogEntry]):
    """The log's next entry; a ``delta`` unless said otherwise."""

    class Meta:
        model = LogEntry

    class Params:
        text = "Hello"

    generation = SubFactory(GenerationFactory, running=True)
    seq = LazyAttribute(lambda self: self.generation.entries.count() + 1)
    epoch = SelfAttribute("generation.epoch")
    name = "delta"
    data = LazyAttribute(lambda self: dumps({"index": 0, "text": self.text}))


class ApiTokenFactory(Factory[ApiToken]):
    """A token; its ``secret`` stands on the instance, and only there."""

    class Meta:
        model = ApiToken

    class Params:
        revoked = Trait(revoked_at=LazyFunction(timezone.now))
        expired = Trait(expires_at=LazyFunction(timezone.now))

    person = SubFactory(PersonFactory)
    name = Sequence(lambda n: f"script {n}")

    @classmethod
    def _create(cls, model_class: type[ApiToken], *args: Any, **kwargs: Any) -> ApiToken:
        revoked_at, expires_at = kwargs.pop("revoked_at", None), kwargs.pop("expires_at", None)
        token, secret = model_class.issue(**kwargs)
        token.revoked_at, token.expires_at = revoked_at, expires_at or token.expires_at
        token.save()
        token.secret = secret  # type: ignore[attr-defined]
        return token
