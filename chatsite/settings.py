"""Settings. Every environment variable that Unbroken knows is read in the first block.

Each may stand in the environment or in `.env`; `.env.example` explains them all.
"""

import os
import secrets
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

# ---------------------------------------------------------------- what the environment says
env = environ.Env()
environ.Env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", default=False)
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
SECRET_KEY = env.str("SECRET_KEY", default="")
DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'unbroken.sqlite3'}")
REDIS_URL = env.str("REDIS_URL", default="")
BELL = env.str("BELL", default="")
EMAIL_URL = env.str("EMAIL_URL", default="consolemail://")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="unbroken@localhost")
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=True)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()

OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="")
OPENAI_BACKGROUND = env.bool("OPENAI_BACKGROUND", default=False)
ANTHROPIC_API_KEY = env.str("ANTHROPIC_API_KEY", default="")
ANTHROPIC_BASE_URL = env.str("ANTHROPIC_BASE_URL", default="")
LOCAL_SERVERS = env.list("LOCAL_SERVERS", default=["ollama", "lmstudio"])
CHAT_MODELS = env.list("CHAT_MODELS", default=[])
DEFAULT_MODEL = env.str("DEFAULT_MODEL", default="")
DEMO_TOKENS_PER_SECOND = env.float("DEMO_TOKENS_PER_SECOND", default=40.0)

RUN_GENERATIONS = env.bool("RUN_GENERATIONS", default=True)
MAX_GENERATIONS = env.int("MAX_GENERATIONS", default=1000)
FIRST_BYTE_TIMEOUT = env.float("FIRST_BYTE_TIMEOUT", default=15.0)
STALL_TIMEOUT = env.float("STALL_TIMEOUT", default=30.0)
THINKING_TIMEOUT = env.float("THINKING_TIMEOUT", default=180.0)
MODEL_TIMEOUTS = env.list("MODEL_TIMEOUTS", default=[])
ON_CRASH = env.str("ON_CRASH", default="finish")
SLOW_READER_TIMEOUT = env.float("SLOW_READER_TIMEOUT", default=60.0)
KEEP_LOG_HOURS = env.float("KEEP_LOG_HOURS", default=24.0)
# ----------------------------------------------------------------- and what follows from it

DATA_DIR.mkdir(parents=True, exist_ok=True)
if ON_CRASH not in ("finish", "ask"):
    raise environ.ImproperlyConfigured(f"ON_CRASH is finish or ask, not {ON_CRASH!r}")
PATIENCE_BY_MODEL = {
    name: float(seconds) for name, _, seconds in (one.rpartition("=") for one in MODEL_TIMEOUTS)
}
LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"]


def _own_secret_key() -> str:
    """The key of this data directory, made on the first start and readable by its owner alone."""
    path = DATA_DIR / "secret_key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = SECRET_KEY or _own_secret_key()
HTTPS = PUBLIC_URL.startswith("https://")
if not ALLOWED_HOSTS:
    public_host = PUBLIC_URL.split("://")[-1].split("/")[0].rsplit(":", 1)[0]
    listening = [] if HOST in ("0.0.0.0", "::") else [HOST]  # noqa: S104 - compared, not bound
    ALLOWED_HOSTS = [name for name in {*LOCAL_NAMES, *listening, public_host} if name]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

INSTALLED_APPS = [
    "chatsite",
    "conversations",
    "streaming",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "ninja",
]

# Every one of these works in line on the event loop: see chatsite/middleware.py.
MIDDLEWARE = [
    "chatsite.middleware.Problems",
    "chatsite.middleware.Security",
    "chatsite.middleware.ContentSecurityPolicy",
    "chatsite.middleware.Away",
    "chatsite.middleware.Sessions",
    "chatsite.middleware.Common",
    "chatsite.middleware.Csrf",
    "chatsite.middleware.Authentication",
    "chatsite.middleware.Messages",
    "chatsite.middleware.Frames",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatsite.context_processors.site",
            ],
        },
    },
]

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
IS_SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if IS_SQLITE:
    DATABASES["default"]["ENGINE"] = "chatsite.sqlite"  # heals without a restart
    # WAL lets readers read while the log is written; FULL syncs every commit to disk; IMMEDIATE
    # takes the write lock at BEGIN, where waiting for it is possible. A checkpoint every 32 MiB
    # (not 4) writes the pages that the log keeps touching once instead of eight times.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
        "PRAGMA wal_autocheckpoint=8000;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    # A server that went away without a word is noticed within about 15 s; and a process that is
    # paused inside a transaction must not keep its locks from who takes over.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "options": "-c idle_in_transaction_session_timeout=5000",
    } | DATABASES["default"].get("OPTIONS", {})
BELL_KIND = BELL or ("channels" if REDIS_URL else "local" if IS_SQLITE else "postgres")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "bell": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "unbroken"},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Shared by all processes, as sessions are; used for limits on sign-in and the like alone.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "chatsite_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

AUTH_USER_MODEL = "conversations.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "chatsite.accounts.Adapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_FAILURE_VIEW = "chatsite.errors.csrf_failure"
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # They look for Django's middleware by name, and ours are subclasses (tests/pages/test_headers).
    "security.W001",
    "security.W002",
    "security.W003",
    "security.W008",  # SECURE_SSL_REDIRECT, see above
]
# A message of a million characters of four bytes each, as JSON.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

EMAIL_CONFIG = env.email_url_config(EMAIL_URL)
vars().update(EMAIL_CONFIG)

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
# Derived from the sources, so it stays with them wherever the data is.
STATIC_ROOT = BASE_DIR / "var" / "static"
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("lib/marked", NODE_MODULES / "marked" / "lib"),
    ("lib/htmx", NODE_MODULES / "htmx.org" / "dist"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatsite.static_files.Storage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # A wrong host or the like is a line of django.request already; this would be a traceback.
        "django.security": {"level": "CRITICAL"},
        # A line per upstream call with its address is noise at INFO.
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # An outage of Redis is one line of streaming.bells, not a traceback a second.
        "channels_redis": {"level": "CRITICAL"},
        # A line per 404 with its path is noise too, and paths of password resets are secrets.
        "django.request": {"level": "ERROR"},
    },
}
