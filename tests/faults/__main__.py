"""``python -m tests.faults``: see ``make torture``."""

import sys

from tests import environment

assert environment.ENVIRONMENT  # before anything reads the settings

from .torture import main  # noqa: E402

sys.exit(main())
