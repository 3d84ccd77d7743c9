"""The promises are held against the same sites as the API's tests, with the same patience."""

from __future__ import annotations

from tests.api.conftest import pytest_runtest_call, pytest_runtest_setup

__all__ = ["pytest_runtest_call", "pytest_runtest_setup"]
