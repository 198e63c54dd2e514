"""Production: refuses to start on anything weak, naming the variable."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    EMAIL_BACKEND_BEHIND,
    LOGGING,
    PLATFORM_TOKEN,
    SECRET_KEY,
    TRUSTED_PROXIES,
    env,
)

if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith(("django-insecure-", "local-only-")):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or weak: set at least 50 random characters, for example from "
        "`python -c 'import secrets; print(secrets.token_urlsafe(64))'`."
    )
if env.text("DEBUG").lower() in {"1", "true", "yes", "on"}:
    raise ImproperlyConfigured("DEBUG must not be set in production: a traceback shows settings to strangers.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is empty: name your hosts, for example .schools.example.org.")
if any(host in {"*", ".*", "."} for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS has a wildcard (*): name your hosts, a leading dot covers subdomains.")
if env.moment("SCHOOLOPS_TODAY"):
    raise ImproperlyConfigured("SCHOOLOPS_TODAY must not be set in production: the school's day would be wrong.")
if env.text("ALLOW_REDIS_MOCK"):
    raise ImproperlyConfigured("ALLOW_REDIS_MOCK must not be set in production: it needs a Redis or Valkey.")
if env.text("SANDBOX_GATEWAY_URL"):
    raise ImproperlyConfigured("SANDBOX_GATEWAY_URL must not be set in production: nobody pays there.")
if not (env.text("STRIPE_URL") or "https://").startswith("https://"):
    raise ImproperlyConfigured("STRIPE_URL must begin with https://: schools' keys go there.")
if not env.text("REDIS_URL"):
    raise ImproperlyConfigured("REDIS_URL is not set: production needs a Redis or Valkey.")
if len(PLATFORM_TOKEN) < 32:
    raise ImproperlyConfigured("PLATFORM_TOKEN is missing or shorter than 32 characters: monitoring needs it.")

DEBUG = False
REFUSE_FORBIDDEN_DATABASE = True
SERVE_STATIC = False
# Names that change with what is in a file: a browser may keep one for a year, and the next release is seen.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^health"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if EMAIL_BACKEND_BEHIND == "django.core.mail.backends.console.EmailBackend":
    # What is written out stands in the log of the machine.
    EMAIL_BACKEND_BEHIND = "schoolops.resilience.mail.NowhereBackend"
LOGGING["handlers"]["stderr"]["formatter"] = env.text("LOG_FORMAT") or "json"
