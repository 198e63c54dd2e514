"""What is the same everywhere. ``local``, ``test`` and ``production`` say what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.templatetags.static import static

from config.env import BASE_DIR, FIRST_CELL, Environment
from schoolops.observability import slots

env = Environment()

SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS")
PUBLIC_HOSTS = env.names("PUBLIC_HOSTS")

# --- apps: SHARED live in public, TENANT in every school's schema -------------------------------------------------
# `auth` and `admin` are installed for their code only: their tables would stand unused in a thousand schemas.
SHARED_APPS = [
    "schoolops.tenancy",
    "schoolops.rollouts",
    "schoolops.queues",
    "schoolops.copies",
    "schoolops.audit",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "apps.accounts",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]
TENANT_APPS = [
    "schoolops.audit",
    "schoolops.seeds",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "apps.institutions",
    "apps.accounts",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "apps.access",
    "apps.students",
    "apps.staff",
    "apps.notifications",
    "apps.timetable",
    "apps.attendance",
    "apps.examinations",
    "apps.fees",
    "apps.reports",
    "apps.exchange",
    "apps.family",
    "apps.office",
]
# What people do in the office, a folder each: entries, addresses, admins, templates, scripts. The shell is first: it is
# what the others extend.
OFFICE_ROOMS = [
    "apps.office.shell",
    "apps.office.door",
    "apps.office.start",
    "apps.office.attendance",
    "apps.office.examinations",
    "apps.office.fees",
    "apps.office.messages",
    "apps.office.people",
    "apps.office.setup",
    "apps.office.rosters",
    "apps.office.access",
    "apps.office.operators",
]
OFFICE_FOLDERS = [BASE_DIR.joinpath(*name.split(".")) for name in OFFICE_ROOMS]
INSTALLED_APPS = [
    *SHARED_APPS,
    *(app for app in TENANT_APPS if app not in SHARED_APPS),
    "schoolops.observability",
    "schoolops.resilience",
    "schoolops.redis",
    "schoolops.cache",
    "schoolops.indexes",
    "schoolops.files",
    "schoolops.api",
    "schoolops.health",
    # Not of a school: it only has commands that fill one for show.
    "apps.demo",
    "django_tenants",
    "django.contrib.auth",
    # Before the admin, whose templates it replaces. Plain: it must not put a site of its own into the place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "django.contrib.admin",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    # Last: it wires what the others declare.
    "config.apps.WiringConfig",
]
TENANT_MODEL = "tenancy.School"
TENANT_DOMAIN_MODEL = "tenancy.Domain"
TENANT_SYNC_ROUTER = "schoolops.tenancy.router.SchoolRouter"
DATABASE_ROUTERS = [TENANT_SYNC_ROUTER]
PUBLIC_SCHEMA_NAME = "public"
SCHOOL_TEMPLATE = BASE_DIR / "config" / "school.sql"
# What a command that works by several processes starts them with.
MANAGE = BASE_DIR / "manage.py"

ROOT_URLCONF = "config.urls"
PUBLIC_SCHEMA_URLCONF = "config.public_urls"
WSGI_APPLICATION = "config.wsgi.application"

MIDDLEWARE = [
    "schoolops.observability.middleware.RequestContextMiddleware",
    "schoolops.health.middleware.HealthMiddleware",
    "schoolops.api.bodies.BodyMiddleware",
    "schoolops.api.packing.PackedPagesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Before the school is looked for: that may ask Redis too, and a request loses time to it once.
    "schoolops.cache.middleware.RequestCacheMiddleware",
    "schoolops.tenancy.middleware.SchoolMiddleware",
    # Whoever is told to come again has cost nothing but the look.
    "schoolops.api.doors.DoorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before what checks forms: a flood of forms without a token is a flood.
    "schoolops.api.counting.CountingMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # After the login: a person's own language goes before their browser's.
    "apps.office.shell.language.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "schoolops.resilience.route_groups.RouteGroupMiddleware",
    # Innermost: what it keeps is the view's answer, and its transaction holds nothing but the view.
    "schoolops.api.idempotency.IdempotencyMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates", *(room / "templates" for room in OFFICE_FOLDERS)],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["apps.office.shell.days", "apps.office.shell.fields", "apps.office.shell.typed"],
            "libraries": {"kept": "apps.office.shell.kept"},
        },
    }
]


def database(name: str, engine: str, env: Environment = env) -> dict[str, Any]:
    """A ``DATABASES`` entry for the URL in variable ``name``; connections are kept: a warm one is 10 × cheaper."""
    parsed = env.database(name)
    options = parsed.setdefault("OPTIONS", {})
    options.setdefault("application_name", "schoolops")
    parsed |= {"ENGINE": engine, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    if size := env.number("DATABASE_POOL_SIZE"):
        options["pool"] = {"min_size": 1, "max_size": size, "max_lifetime": 4 * 3600}
        parsed["CONN_MAX_AGE"] = 0
    return parsed


def databases(env: Environment) -> dict[str, dict[str, Any]]:
    """The two logins of one server of databases."""
    entries = {"default": database("DATABASE_URL", "schoolops.tenancy.backend", env)}
    if env.text("DATABASE_ADMIN_URL"):
        entries["admin"] = database("DATABASE_ADMIN_URL", "schoolops.tenancy.owner_backend", env)
        entries["admin"]["OPTIONS"].pop("pool", None)
    return entries


# The server that this process works for, and those it only reaches over to: where a school moves, what is looked at.
CELL = env.cell
DATABASES: dict[str, dict[str, Any]] = databases(env)
OTHER_CELLS = {name: databases(other) for name, other in env.others().items()}

# What cannot keep schools apart is reported by doctor and check; production does not start on it.
REFUSE_FORBIDDEN_DATABASE = False

REDIS_URL = env.redis("REDIS_URL")
REDIS_OF_OTHER_CELLS = {name: other.redis("REDIS_URL") for name, other in env.others().items()}
REDIS_PATIENCE = env.number("REDIS_PATIENCE")

# --- queues -------------------------------------------------------------------------------------------------------
QUEUES_BROKER_URL = REDIS_URL
QUEUES_JOURNAL_FOLDER = BASE_DIR / "var" / ("journal" if CELL == FIRST_CELL else f"journal-{CELL}")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The username is unique whatever its case, by a constraint that the check cannot see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.LoginBackend"]
PASSWORD_HASHERS = ["apps.accounts.hashers.SchoolArgon2Hasher"]
# How many passwords are hashed at once on this machine; 0: one per processor.
PASSWORD_SLOTS = env.number("PASSWORD_SLOTS")
RATE_LIMIT_FACTOR = env.number("RATE_LIMIT_FACTOR")
LIST_STATEMENT_TIMEOUT_SECONDS = env.number("LIST_STATEMENT_TIMEOUT_SECONDS")
WEB_WORKERS, WEB_THREADS = env.number("WEB_WORKERS"), env.number("WEB_THREADS")
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email", "given_name", "family_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# --- sessions: half an hour after the last click; rows of the school's schema, with Redis in front -----------------
SESSION_ENGINE = "schoolops.cache.sessions"
SESSION_COOKIE_AGE = 30 * 60
CSRF_FAILURE_VIEW = "apps.office.door.pages.refusals.form_of_another_login"
# Waits after wrong codes are schoolops.ratelimit's, as after wrong passwords: django-otp's grow without end.
OTP_TOTP_THROTTLE_FACTOR = 0
OTP_STATIC_THROTTLE_FACTOR = 0

LANGUAGE_CODE = "en-gb"
# Each in its own words; English is the code itself, the others stand in `locale/` (`make messages`).
LANGUAGES = [("en-gb", "English"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [room / "static" for room in OFFICE_FOLDERS if (room / "static").is_dir()]
STATIC_ROOT = BASE_DIR / "var" / "static"
# In production the proxy does, from STATIC_ROOT after `collectstatic`.
SERVE_STATIC = True
FONTS = env.names("FONTS")
MEDIA_ROOT = BASE_DIR / env.text("MEDIA_ROOT")
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES")
PLATFORM_TOKEN = env.text("PLATFORM_TOKEN")
BACKUP_FOLDER = env.text("BACKUP_FOLDER")
BACKUP_RECIPIENTS = env.names("BACKUP_RECIPIENTS")
# How many years after its last day a law asks for what is about somebody; the country's, to be set by who knows it.
RETENTION_YEARS = {
    "attendance": env.number("KEEP_ATTENDANCE_YEARS"),
    "marks": env.number("KEEP_MARKS_YEARS"),
    "certificates": env.number("KEEP_CERTIFICATES_YEARS"),
    "enrolment": env.number("KEEP_ENROLMENT_YEARS"),
    "employment": env.number("KEEP_EMPLOYMENT_YEARS"),
    "fees": env.number("KEEP_FEES_YEARS"),
    "trail": env.number("KEEP_TRAIL_YEARS"),
}
BIND = env.text("BIND")
PORT = env.number("PORT")
BASE_URL = env.text("BASE_URL")
# Shared by all processes of this installation on this machine: web, workers, relay and commands count in one place.
METRICS_FOLDER: Path | None = (
    Path(env.text("METRICS_FOLDER"))
    if env.text("METRICS_FOLDER")
    else slots.folder_for(f"{BASE_DIR} {REDIS_URL}", BASE_DIR / "var" / "metrics")
)
TRACES_URL = env.text("TRACES_URL")
TRACES_PERCENT = env.number("TRACES_PERCENT")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# A roll is one form with five fields for each student.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

# How both admins look where they do not say otherwise: ``apps.office.shell.site``, ``schoolops.queues.admin``.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "SchoolOps",
    "SITE_HEADER": "SchoolOps",
    "SITE_SYMBOL": "school",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("office/shell/icon.svg")}
    ],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "STYLES": [lambda _request: static("office/shell/office.css")],
    "SCRIPTS": [
        lambda _request: static("office/shell/focus.js"),
        lambda _request: static("office/shell/keys.js"),
        lambda _request: static("office/shell/today.js"),
        lambda _request: static("office/shell/drafts.js"),
    ],
    "SIDEBAR": {"show_search": False, "command_search": False, "show_all_applications": False, "navigation": []},
}

REST_FRAMEWORK = {
    # Of the wall at the campus. ISO's would take a zone as well, and forget it.
    "TIME_INPUT_FORMATS": ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["schoolops.api.permissions.LoggedIn"],
    "DEFAULT_RENDERER_CLASSES": ["schoolops.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["schoolops.api.parsers.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "schoolops.api.schema.SchoolOpsSchema",
    "EXCEPTION_HANDLER": "schoolops.api.errors.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SchoolOps API",
    "DESCRIPTION": (
        "The API that a teacher's app is written against. Each school has an address of its own; ids, logins and "
        "tokens of one school mean nothing at another.\n\n"
        "**Begin** with `POST /api/v1/auth/login`, then send `Authorization: Bearer …`. Ids are UUIDs, days are dates "
        'in the campus\'s own timezone, a range ends on the first day it no longer holds; decimals are texts, `"7.5"`, '
        "and a number of JSON in their place is refused.\n\n"
        "**Lists** answer `{results, next}`; `next` is the `cursor` of the next page. `fields`, filters and `as=csv` "
        "or `as=xlsx` work on every list; an unknown parameter is refused by name.\n\n"
        "**Refusals** are problem documents (RFC 9457) with a `code` that does not change and a `remedy`. What two "
        "people may edit carries a version: send it back as `If-Match` or `version`, and get 409 when somebody was "
        "faster.\n\n"
        "**Writes** that touch more than they name say so in `touched`: a closure set later answers how many marks of "
        "attendance it is about, and the `job_id` of the job that lets their days follow where they are many.\n\n"
        "`/api/v1/tenant/…` is the same API at the path an earlier system used."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    # A job's number, `schoolops.api.jobs`.
    "PATH_CONVERTER_OVERRIDES": {"job": int},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["schoolops.api.schema.without_the_alias"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "schoolops.api.schema.with_problems_and_examples",
    ],
    # Many things have a `state`, each with words of its own.
    "ENUM_NAME_OVERRIDES": {
        "AttendanceState": "apps.attendance.models.DayState",
        "RollState": "apps.attendance.models.AttendanceSession.State",
        "LeaveState": "apps.attendance.models.Leave.State",
        "ContactRequestState": "apps.family.models.ContactRequest.State",
        "RollKind": [("daily", "daily"), ("period", "period")],
        "YearState": "apps.institutions.models.AcademicYear.State",
        "TermKind": "apps.institutions.models.Term.Kind",
        "CalendarDayKind": "apps.institutions.models.CalendarDay.Kind",
        "AssignmentKind": "apps.staff.models.TeachingAssignment.Kind",
        "ImportState": "apps.exchange.models.Import.State",
        "ImportKind": "apps.exchange.models.Import.Source",
        "RowAction": "apps.exchange.models.ImportRow.Action",
        "EntryKind": "apps.students.models.Enrolment.Entry",
        "ExitKind": "apps.students.models.Enrolment.Exit",
        "GradingScaleKind": "apps.examinations.models.GradingScale.Kind",
        "ExamSessionKind": "apps.examinations.models.ExamSession.Kind",
        "ExamSessionState": "apps.examinations.models.ExamSession.State",
        "MarkStatus": "apps.examinations.models.Mark.Status",
        "ResultCounts": "apps.examinations.models.ResultPolicy.Counts",
        "AccountKind": "apps.fees.models.Account.Kind",
        "StudentFeeKind": "apps.fees.models.StudentFee.Kind",
        "InvoiceRunState": "apps.fees.models.InvoiceRun.State",
        "PaymentIntentState": "apps.fees.models.PaymentIntent.State",
        "InvoiceState": "apps.fees.models.Invoice.State",
        "MarkFileState": "apps.exchange.models.MarkFile.State",
        "BankStatementState": "apps.fees.models.BankStatement.State",
        "BankLineState": "apps.fees.models.BankLine.State",
        "Channel": "apps.notifications.models.Channel",
        "GuardianChannel": [("email", "email"), ("sms", "sms"), ("in-app", "in-app")],
        "OutsideChannel": [("email", "email"), ("sms", "sms")],
        "MessageState": "apps.notifications.models.Message.State",
        "AnnouncementState": "apps.notifications.models.Announcement.State",
        "AnnouncementKind": "apps.notifications.models.Announcement.Kind",
        "StatusEnum": "schoolops.rows.RowStatus",
    },
    "APPEND_COMPONENTS": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
}

SANDBOX_GATEWAY_URL = env.text("SANDBOX_GATEWAY_URL")
STRIPE_URL = env.text("STRIPE_URL")

_mail = env.mail("EMAIL_URL")
vars().update(_mail)
EMAIL_BACKEND = "schoolops.resilience.mail.GuardedBackend"
EMAIL_BACKEND_BEHIND = {
    "django.core.mail.backends.smtp.EmailBackend": "schoolops.resilience.smtp.PipeliningBackend",
}.get(_mail["EMAIL_BACKEND"], _mail["EMAIL_BACKEND"])
MAIL_PROVIDER = env.text("MAIL_PROVIDER")
ANYMAIL = {**json.loads(env.text("MAIL_PROVIDER_SETTINGS")), "WEBHOOK_SECRET": env.text("MAIL_WEBHOOK_SECRET")}
if MAIL_PROVIDER:
    EMAIL_BACKEND_BEHIND = "schoolops.resilience.providers.ProviderBackend"
# Without one a mail server that hangs would keep a worker for ever.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL")
SMS_URL, SMS_REFERENCE, SMS_REGION = env.text("SMS_URL"), env.text("SMS_REFERENCE"), env.text("SMS_REGION")
SMS_BODY, SMS_HEADERS = json.loads(env.text("SMS_BODY")), json.loads(env.text("SMS_HEADERS"))
SMS_WEBHOOK_SECRET = env.text("SMS_WEBHOOK_SECRET")
# Whether texts go to the log where there is no gateway: they name children, and tell of them.
SMS_LOGGED = False

LOG_FORMAT = env.text("LOG_FORMAT") or "text"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "schoolops.observability.logging.JsonLines"},
        "text": {"()": "schoolops.observability.logging.ReadableLines"},
    },
    "filters": {"refused": {"()": "schoolops.observability.logging.Refused"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["refused"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL")},
    "loggers": {
        # Our own access line replaces these two.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "ERROR"},
        # Tells of every glyph: hundreds of lines for one printed list.
        "fontTools": {"level": "WARNING"},
        # Tells of every request, and in what words one was refused.
        "stripe": {"level": "WARNING"},
    },
}

if started := env.moment("SCHOOLOPS_TODAY"):
    from schoolops import clock

    clock.begin_at(started)
