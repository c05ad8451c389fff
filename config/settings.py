"""All settings, read from the environment; README has the table. Wiring only, no behaviour."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment as env

# Lets classes of Django that are generic to the type checker be written so at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
TESTING = "pytest" in sys.modules

DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
# The laptop runs everything in one process on SQLite; either URL makes it a cluster.
LAPTOP = not DATABASE_URL and not REDIS_URL

HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
IS_HTTPS = PUBLIC_URL.startswith("https://")
DEBUG = env.flag("DEBUG", default=False)
ASGI_SERVER = env.choice("ASGI_SERVER", ("daphne", "uvicorn"))
# Threads that talk to the database for the async edge, each with one lasting connection.
DATABASE_POOL = env.number("DATABASE_POOL", 6)
# Where pushes and webhooks may go besides https hosts on the internet: our own machines.
OUTGOING_HOSTS = env.hosts("OUTGOING_HOSTS")

if not urlsplit(PUBLIC_URL).hostname:
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL!r}; write it as https://desk.example.")
if not LAPTOP and not TESTING and not env.text("SECRET_KEY"):
    raise ImproperlyConfigured(
        "Set SECRET_KEY to a long random text; every process needs the same."
    )
SECRET_KEY = env.secret("SECRET_KEY", keep_in=DATA_DIR / "secret_key")
if len(SECRET_KEY) < 32 or "change" in SECRET_KEY.lower():
    raise ImproperlyConfigured(
        "SECRET_KEY is too short or a placeholder; use 50 random characters."
    )

ALLOWED_HOSTS = env.listed("ALLOWED_HOSTS") or [
    str(urlsplit(PUBLIC_URL).hostname), "127.0.0.1", "localhost", "[::1]",
]  # fmt: skip
# Where a browser may post from and open a socket from: our own pages, nothing else.
ORIGINS = [
    PUBLIC_URL,
    *([] if IS_HTTPS else [f"http://localhost:{PORT}", f"http://127.0.0.1:{PORT}"]),
]
CSRF_TRUSTED_ORIGINS = ORIGINS

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "ninja",
    "accounts",
    "events",
    "governance",
    "intents",
    "approvals",
    "api",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
                "csp.context_processors.nonce",
            ],
        },
    },
]

if DATABASE_URL:
    _database = dict(dj_database_url.parse(DATABASE_URL))
else:
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DATA_DIR / "assent.sqlite3"),
        # Threads share the file in tests too: an in-memory database cannot show a race.
        "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
    }
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
# The desk's requests each run on a thread of their own and must leave no connection behind. The
# API's pool sends no request signals, so its few connections last whatever is said here.
_database["CONN_MAX_AGE"] = 0
if _database["ENGINE"] == "django.db.backends.postgresql":
    # Django's own queries are sent with their values in the text; what `events.journeys` sends is
    # prepared: its few statements come over and over, and are planned once for a connection.
    _database.setdefault("OPTIONS", {})["prepare_threshold"] = 0  # type: ignore[index]
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_FAILURE_VIEW = "approvals.desk.errors.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "inbox"
SESSION_COOKIE_AGE = 14 * 24 * 3600
PASSWORD_RESET_TIMEOUT = 3600

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "assent_session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "assent_csrf"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *(origin.replace("http", "ws", 1) for origin in ORIGINS)],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

# A message may show a new key once: it stays on the server until it is shown.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Hashed and immutable once collected; straight from the source tree while developing and testing.
_hashed = not DEBUG and not TESTING and "runserver" not in sys.argv
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Attachments and evidence: a folder that no web server serves, or a bucket.
    "media": env.storage(env.text("STORAGE_URL"), folder=DATA_DIR / "media"),
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if _hashed
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not _hashed

DEFAULT_FROM_EMAIL = "Assent <desk@localhost>"
if env.text("EMAIL_URL"):
    globals().update(env.mail(env.text("EMAIL_URL")))
else:
    EMAIL_BACKEND = "events.transports.files.MailFolder"
MAIL_DIR = DATA_DIR / "mail"

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
BODY_LIMIT_BYTES = 128 * 1024
MEDIA_LIMIT_BYTES = env.number("MEDIA_LIMIT_BYTES", 100 * 1024 * 1024)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING")},
}

if TESTING:
    # WhiteNoise warns about a folder that is not there, and a warning fails a test.
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
