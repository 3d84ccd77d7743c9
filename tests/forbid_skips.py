"""With UNBROKEN_FORBID_SKIPS=1 a skipped test has failed: CI has everything that tests need."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

REPORT = TypeVar("REPORT", pytest.TestReport, pytest.CollectReport)
FORBIDDEN = os.environ.get("UNBROKEN_FORBID_SKIPS", "") not in ("", "0")


def _failed_if_skipped(report: REPORT) -> REPORT:
    if FORBIDDEN and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skips are forbidden here; this one said: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _failed_if_skipped((yield))
