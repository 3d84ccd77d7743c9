"""As around the tests of the API: an answer that does not end ends its test."""

from __future__ import annotations

from tests.api.conftest import pytest_runtest_call, pytest_runtest_setup

__all__ = ["pytest_runtest_call", "pytest_runtest_setup"]
