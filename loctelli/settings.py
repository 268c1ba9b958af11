"""Every setting of Loctelli, read from the environment; `.env.example` explains each variable."""

import os
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

from loctelli import logs
from loctelli.database import urls as database_urls
from loctelli.database.roles import Roles

# Paths

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("VAR_DIR", default="") or BASE_DIR / "var").absolute()


def secret(name: str, minimum: int, advice: str) -> str:
    """Return a secret from the environment, or stop the start with one sentence that says what to set."""
    value = env.str(name, default="")
    if len(value) < minimum or len(set(value)) < 5:
        raise ImproperlyConfigured(f"{name} is {'too weak' if value else 'missing'}: set it to {advice}.")
    return value


def number(name: str, default: int) -> int:
    """Return a whole number from the environment, or stop the start with one sentence that says what to set."""
    try:
        return env.int(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a number: set it to a whole number, such as {default}.") from error


# Core

ENVIRONMENT = env.str("DJANGO_ENV", default="production")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured(f'DJANGO_ENV is "{ENVIRONMENT}": set it to "development" or "production".')
PRODUCTION = ENVIRONMENT == "production"
DEBUG = not PRODUCTION and env.bool("DEBUG", default=False)

SECRET_KEY = secret("SECRET_KEY", 50, "50 or more random characters")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is missing: set it to the host names this server answers to.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

ROOT_URLCONF = "loctelli.urls"
WSGI_APPLICATION = "loctelli.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = ["loctelli.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

# Apps

INSTALLED_APPS = [
    "loctelli",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "loctelli.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "tenants",
    "security",
    "accounts",
    "agents",
    "crm",
    "forms",
    "integrations",
    "loctelli.offboarding",
]

MIDDLEWARE = [
    # What follows is for people with a browser; the API has its own way.
    "loctelli.api.entrance.APIEntrance",
    "django.middleware.security.SecurityMiddleware",
    "loctelli.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "loctelli.logs.RequestLogMiddleware",
    "loctelli.health.DatabaseOutageMiddleware",
    "loctelli.health.HealthMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "security.audit.ActorMiddleware",
    "accounts.middleware.TenantBindingMiddleware",
]
API_ANSWER_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "loctelli.csp.ContentSecurityPolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
API_MIDDLEWARE = [
    "loctelli.logs.RequestLogMiddleware",
    "loctelli.health.DatabaseOutageMiddleware",
    "loctelli.api.entrance.HostAndLengthMiddleware",
    "security.audit.ActorMiddleware",
    "accounts.middleware.TenantBindingMiddleware",
]

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
            ],
        },
    },
]

STATIC_URL = "/static/"
# Collected at the start in production; in development files are served from where they lie.
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# Database

DATABASE_ROLES = Roles.from_prefix(env.str("DATABASE_ROLE_PREFIX", default="loctelli"))
DATABASE_URL = env.str("DATABASE_URL", default="")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
if DATABASE_URL:
    DATABASES = {"default": database_urls.parse(DATABASE_URL)}
    if not DATABASE_OWNER_URL:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL is missing: set it to the address `manage.py provision` printed beside DATABASE_URL."
        )
    DATABASE_OWNER = database_urls.parse(DATABASE_OWNER_URL, name="DATABASE_OWNER_URL")
elif PRODUCTION and sys.argv[1:2] != ["provision"]:  # which is what makes the roles that the address names
    raise ImproperlyConfigured(
        "DATABASE_URL is missing: set it to postgresql://user:password@host:port/database?schema=public."
    )
else:
    # The embedded server: `loctelli.database` starts it and fills in address and passwords on first connection.
    DATABASES = {"default": database_urls.embedded()}
    DATABASE_OWNER = None
EMBEDDED_POSTGRES_DIR = VAR_DIR / "postgres"

# Server

BIND = env.str("BIND", default="0.0.0.0" if PRODUCTION else "127.0.0.1")
PORT = number("PORT", default=8000)
WEB_WORKERS = number("WEB_WORKERS", default=os.cpu_count() or 1 if PRODUCTION else 1)
# Threads of a web process. While some wait for PostgreSQL another has the interpreter's lock: four answer a tenth more
# plain reads than two do.
WEB_THREADS = number("WEB_THREADS", default=4)

# Auth

AUTH_USER_MODEL = "accounts.AdminUser"
AUTHENTICATION_BACKENDS = ["accounts.backends.AdminUserBackend"]
PASSWORD_HASHERS = ["accounts.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "accounts.password_validators.LengthValidator", "OPTIONS": {"users": 8, "admins": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},  # the 20,000 most common ones
]
# The first platform admin, read by `manage.py seed` alone.
ADMIN_EMAIL = env.str("ADMIN_EMAIL", default="")
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", default="")
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
JWT_SIGNING_KEY = secret("JWT_SIGNING_KEY", 43, "43 or more random characters, other than SECRET_KEY")
# The key before, whose tokens are still believed.
JWT_SIGNING_KEY_PREVIOUS = env.str("JWT_SIGNING_KEY_PREVIOUS", default="")
if JWT_SIGNING_KEY == SECRET_KEY:
    raise ImproperlyConfigured("JWT_SIGNING_KEY equals SECRET_KEY: set it to random characters of its own.")

SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "loctelli",
    "AUDIENCE": "loctelli-api",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=number("ACCESS_TOKEN_MINUTES", default=15)),
    "USER_ID_CLAIM": "sub",
    "UPDATE_LAST_LOGIN": False,
}

# How many days a session over the API goes on unused, and however much it is used; those to be remembered go on longer.
SESSION_IDLE_DAYS = number("SESSION_IDLE_DAYS", default=7)
SESSION_DAYS = number("SESSION_DAYS", default=30)
REMEMBERED_SESSION_IDLE_DAYS = number("REMEMBERED_SESSION_IDLE_DAYS", default=30)
REMEMBERED_SESSION_DAYS = number("REMEMBERED_SESSION_DAYS", default=90)
PASSWORD_RESET_TIMEOUT = 30 * 60
# What mails link to, with {token} where the token belongs; by itself, the token.
FRONTEND_PASSWORD_RESET_URL = env.str("FRONTEND_PASSWORD_RESET_URL", default="") or "{token}"
# A GeoLite2 or GeoIP2 city database, which tells new places of sign-in apart; the package geoip2 reads it.
GEOIP_PATH = env.str("GEOIP_PATH", default="")
if GEOIP_PATH and find_spec("geoip2") is None:
    raise ImproperlyConfigured(
        "GEOIP_PATH is set, but nothing can read it: run `pip install -r requirements-geoip.txt -c constraints.txt`."
    )

# Mail

# Without an address of a mail server nothing is sent; in development mails are printed.
EMAIL_CONFIG = env.email("EMAIL_URL", default="dummymail://" if PRODUCTION else "consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Loctelli <no-reply@localhost>")

# Retention: how many days what is not needed any more stays, for whoever asks what happened.

KEEP_AUTH_ATTEMPTS_DAYS = number("KEEP_AUTH_ATTEMPTS_DAYS", default=180)
KEEP_SESSIONS_DAYS = number("KEEP_SESSIONS_DAYS", default=30)
KEEP_LOCKOUTS_DAYS = number("KEEP_LOCKOUTS_DAYS", default=7)
KEEP_IDEMPOTENCY_KEYS_DAYS = number("KEEP_IDEMPOTENCY_KEYS_DAYS", default=1)
KEEP_AUDIT_ENTRIES_DAYS = number("KEEP_AUDIT_ENTRIES_DAYS", default=730)
# The archive of a sub-account that was closed.
KEEP_ARCHIVES_DAYS = number("KEEP_ARCHIVES_DAYS", default=30)
if KEEP_AUDIT_ENTRIES_DAYS < 90:
    raise ImproperlyConfigured(f"KEEP_AUDIT_ENTRIES_DAYS is {KEEP_AUDIT_ENTRIES_DAYS}: set it to 90 or more.")

# API

API_MAX_BODY_BYTES = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.TenantRolePermission"],
    "DEFAULT_PARSER_CLASSES": ["loctelli.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["loctelli.api.renderers.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "loctelli.api.renderers.JSONOnlyNegotiation",
    "DEFAULT_PAGINATION_CLASS": "loctelli.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "loctelli.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "loctelli.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Loctelli API",
    "VERSION": "1",
    "DESCRIPTION": "The tenant API of Loctelli: leads, their conversations and bookings, strategies, forms, "
    "integrations and the people of one sub-account.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {},
    "POSTPROCESSING_HOOKS": [
        "loctelli.api.schema.describe_errors",
    ],
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key"]
CORS_EXPOSE_HEADERS = ["RateLimit", "RateLimit-Policy", "Retry-After", "Idempotency-Replayed"]

# Rates are "<requests>/<seconds>".
API_THROTTLE = env.str("API_THROTTLE", default="600/60")
SUB_ACCOUNT_THROTTLE = env.str("SUB_ACCOUNT_THROTTLE", default="6000/60")
ANONYMOUS_THROTTLE = env.str("ANONYMOUS_THROTTLE", default="300/60")
LOGIN_THROTTLE = env.str("LOGIN_THROTTLE", default="20/60")
# Tries to sign in to one account: from all devices nobody knows, and from each known one.
LOGIN_ACCOUNT_THROTTLE = env.str("LOGIN_ACCOUNT_THROTTLE", default="60/3600")
# From one address: mails asked for and set passwords; of one account: tries to change the password, and mails to it.
PASSWORD_THROTTLE = env.str("PASSWORD_THROTTLE", default="20/3600")
PASSWORD_MAIL_THROTTLE = env.str("PASSWORD_MAIL_THROTTLE", default="3/3600")
INVITATION_THROTTLE = env.str("INVITATION_THROTTLE", default="60/3600")
REGISTRATION_THROTTLE = env.str("REGISTRATION_THROTTLE", default="20/3600")
# Codes of authenticator apps and recovery codes that may be tried for one admin: six digits can be guessed.
SECOND_FACTOR_THROTTLE = env.str("SECOND_FACTOR_THROTTLE", default="20/3600")
# How many reverse proxies stand before this server: so many X-Forwarded-For entries from the right are believed.
TRUSTED_PROXY_HOPS = number("TRUSTED_PROXY_HOPS", default=0)

# What the mail that confirms a registration links to, with {token} where the token belongs; by itself, the token.
FRONTEND_REGISTRATION_URL = env.str("FRONTEND_REGISTRATION_URL", default="") or "{token}"
# What an invitation is handed over as, with {code} where its code belongs; without one, as the code by itself.
FRONTEND_INVITATION_URL = env.str("FRONTEND_INVITATION_URL", default="") or "{code}"

# Console

LOGIN_URL = "console:login"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "loctelli_session"
# A session ends when it was not used for so many minutes, and so many hours after sign-in at the latest.
CONSOLE_IDLE_MINUTES = number("CONSOLE_IDLE_MINUTES", default=30)
CONSOLE_SESSION_HOURS = number("CONSOLE_SESSION_HOURS", default=12)
SESSION_COOKIE_AGE = CONSOLE_SESSION_HOURS * 60 * 60
# Whether admins without an authenticator app are asked to set one up before anything else.
CONSOLE_REQUIRE_TOTP = env.bool("CONSOLE_REQUIRE_TOTP", default=PRODUCTION)
# How long a confirmation that it is still the same person at the keyboard holds.
CONSOLE_STEP_UP_MINUTES = number("CONSOLE_STEP_UP_MINUTES", default=10)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
UNFOLD = {
    "SITE_TITLE": "Loctelli",
    "SITE_HEADER": "Loctelli",
    "SITE_SUBHEADER": "Console",
    "SITE_SYMBOL": "forum",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("loctelli/favicon.svg")},
    ],
    "STYLES": [lambda request: static("loctelli/console.css")],
    "SCRIPTS": [lambda request: static("loctelli/console.js"), lambda request: static("loctelli/keyboard.js")],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ACCOUNT": {
        "navigation": [
            {"title": gettext_lazy("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": gettext_lazy("Authenticator app"), "link": reverse_lazy("admin:second_factor")},
            {"title": gettext_lazy("Your sessions"), "link": reverse_lazy("admin:own_sessions")},
        ],
    },
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Jobs

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

# Incidents

# The same incident again within so long is counted in the row that is there.
INCIDENT_WINDOW_SECONDS = number("INCIDENT_WINDOW_SECONDS", default=3600)
# So many accounts that fail from one address, or addresses that fail on one account, within that time are a storm.
LOCKOUT_STORM_THRESHOLD = number("LOCKOUT_STORM_THRESHOLD", default=10)
# So many times what a throttle lets through within its window is a storm.
THROTTLE_STORM_FACTOR = number("THROTTLE_STORM_FACTOR", default=10)
INCIDENT_ALERT_EMAILS = env.list("INCIDENT_ALERT_EMAILS", default=[])
INCIDENT_ALERT_SEVERITY = env.str("INCIDENT_ALERT_SEVERITY", default="HIGH")
if INCIDENT_ALERT_SEVERITY not in ("LOW", "MEDIUM", "HIGH", "CRITICAL"):
    raise ImproperlyConfigured(
        f'INCIDENT_ALERT_SEVERITY is "{INCIDENT_ALERT_SEVERITY}": set it to LOW, MEDIUM, HIGH or CRITICAL.'
    )

# Security

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if TRUSTED_PROXY_HOPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Logging

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logs.configuration(json_lines=PRODUCTION, level=LOG_LEVEL)
