"""The promises are held against the same kind of site as the API's tests."""

from __future__ import annotations

from tests.api.conftest import (
    alice,
    charlie,
    crowds,
    newcomer,
    patience,
    server,
    simulator,
    site,
    sites,
    unchanged,
)

__all__ = [
    "alice",
    "charlie",
    "crowds",
    "newcomer",
    "patience",
    "server",
    "simulator",
    "site",
    "sites",
    "unchanged",
]
