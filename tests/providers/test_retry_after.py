"""``Retry-After``, in every form that it has and in some that it has not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.providers.retry_after import retry_after_s

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("1.5", 1.5),
        ("1000000000", 1e9),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 14:00:30 +0200", 30),
        ("Fri, 20 Nov 2026 12:00:30 -0000", 30),
        ("Fri, 20 Nov 2020 12:00:30 GMT", 0),
        ("", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Fri, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_it_reads_seconds_and_dates(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}, NOW) == seconds


def test_it_prefers_milliseconds_where_they_are_given() -> None:
    headers = {"retry-after-ms": "250", "retry-after": "1"}
    assert retry_after_s(headers, NOW) == 0.25
    assert retry_after_s({"retry-after-ms": "x", "retry-after": "1"}, NOW) == 1


@given(st.text())
def test_it_survives_any_value(value: str) -> None:
    seconds = retry_after_s({"retry-after": value}, NOW)
    assert seconds is None or seconds >= 0
