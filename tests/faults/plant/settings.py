"""The product's settings, and one app more."""

from chatsite.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.plant"]  # noqa: F405
