"""The suite's own environment, set before settings are read: nothing of yours is touched."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="unbroken-tests-")
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

#: What every server that a test starts begins with, too.
ENVIRONMENT = {
    "DATA_DIR": DATA_DIR,
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
    "LOCAL_SERVERS": "",
    "LOG_LEVEL": "WARNING",
}
FOREIGN = (
    "DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL", "CHAT_MODELS", "DEFAULT_MODEL", "PUBLIC_URL", "DEBUG", "HOST", "PORT",
    "ALLOWED_HOSTS", "EMAIL_URL", "SIGNUP_OPEN", "MAX_GENERATIONS", "FIRST_BYTE_TIMEOUT",
    "STALL_TIMEOUT", "SLOW_READER_TIMEOUT", "KEEP_LOG_HOURS", "DEMO_TOKENS_PER_SECOND",
    "RUN_GENERATIONS", "BELL", "TRUSTED_PROXIES",
    "OPENAI_BACKGROUND",
)  # fmt: skip

for name in FOREIGN:
    os.environ.pop(name, None)
os.environ.update(ENVIRONMENT)
if database := os.environ.pop("UNBROKEN_TEST_DATABASE", ""):  # see tests/cluster/test_postgres.py
    os.environ["DATABASE_URL"] = database
