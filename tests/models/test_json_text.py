"""JSON in text columns: any value comes back as it went in, NUL and all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import serializers
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from conversations.models import Message
from streaming.fields import JSONTextField
from streaming.models import Generation
from tests.factories import GenerationFactory, MessageFactory

DIFFICULT = 'NUL \0, LS \u2028, PS \u2029, CR \r, quote ", \\u0000, \u202e, 👩\u200d👧, {"a": [}'
TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(DIFFICULT)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


class AnyValue(TestCase):
    """A transaction for every example."""

    @given(VALUES.filter(lambda value: value is not None))
    @settings(max_examples=60)
    def test_it_gives_back_what_it_was_given(self, value: Any) -> None:
        generation = GenerationFactory.create(labels=value)
        assert Generation.objects.get(pk=generation.pk).labels == value


@pytest.mark.django_db
def test_it_keeps_difficult_text_to_the_code_point() -> None:
    parts = [{"type": "text", "text": DIFFICULT}]
    message = MessageFactory.create(stored_parts=parts)
    assert Message.objects.get(pk=message.pk).text == DIFFICULT


@pytest.mark.django_db
def test_it_writes_one_line_without_a_raw_nul() -> None:
    """What PostgreSQL would refuse, and what would break a line, is escaped."""
    message = MessageFactory.create(stored_parts=[{"type": "text", "text": "\0\n\r"}])
    with connection.cursor() as cursor:
        cursor.execute("SELECT parts FROM conversations_message")
        (stored,) = cursor.fetchone()
    assert stored == '[{"type":"text","text":"\\u0000\\n\\r"}]'
    assert json.loads(stored) == message.stored_parts


@pytest.mark.django_db
def test_it_tells_nothing_from_null() -> None:
    for value, is_null in ((None, True), ([], False), ("", False), (0, False)):
        message = MessageFactory.create(stored_parts=value)
        assert Message.objects.get(pk=message.pk).stored_parts == value
        null = Message.objects.filter(pk=message.pk, stored_parts__isnull=True)
        assert null.exists() == is_null


@pytest.mark.django_db
def test_it_compares_whole_values() -> None:
    message = MessageFactory.create(text=DIFFICULT)
    same = [{"type": "text", "text": DIFFICULT}]
    assert Message.objects.get(stored_parts=same) == message
    assert not Message.objects.filter(stored_parts=[]).exists()


@pytest.mark.django_db
def test_it_survives_dumpdata_and_loaddata() -> None:
    message = MessageFactory.create(text=DIFFICULT)
    dumped = serializers.serialize("json", [message])
    (loaded,) = serializers.deserialize("json", dumped)
    assert vars(loaded.object)["stored_parts"] == message.stored_parts


def test_it_is_a_text_column() -> None:
    assert JSONTextField().db_type(connection) == "text"
