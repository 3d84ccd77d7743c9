"""What every test has at hand."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.forbid_skips", "tests.services", "tests.api.fixtures"]

# Timed assertions never decide a run: a busy machine is no failure.
settings.register_profile(
    "unbroken", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("unbroken")
