"""The product's settings, with the census among its apps."""

from chatsite.settings import *  # noqa: F403
from chatsite.settings import INSTALLED_APPS as THEIRS

INSTALLED_APPS = [*THEIRS, "tests.serving.census"]
