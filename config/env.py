"""The only reader of the environment. Below it stand ``.env`` and the file a running demo leaves for others."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from schoolops import reference
from schoolops.redis import sentinel

BASE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable we read: its name, default (as it would be written), and what it is for."""

    name: str
    default: str
    purpose: str


VARIABLES: tuple[Variable, ...] = (
    Variable("DJANGO_SETTINGS_MODULE", "config.settings.local", "config.settings.local, .test or .production."),
    Variable("DEBUG", "", "Tracebacks in the browser, on your own machine only. Refused in production."),
    Variable("SECRET_KEY", "", "At least 50 random characters. Required in production."),
    Variable("SECRET_KEY_FALLBACKS", "", "Earlier secrets, comma separated, still accepted while you rotate."),
    Variable("ALLOWED_HOSTS", "", "Host names we answer to, comma separated; `.example.org` covers its subdomains."),
    Variable("PUBLIC_HOSTS", "localhost", "Host names of the operators' side, which belong to no school."),
    Variable("DATABASE_URL", "", "The web login: owns nothing. Empty: the embedded PostgreSQL of the demo."),
    Variable("DATABASE_ADMIN_URL", "", "The provisioning login: owns schemas, may create roles. For manage.py only."),
    Variable("DATABASE_POOL_SIZE", "0", "Connections per process in a pool; 0 keeps one per thread instead."),
    Variable(
        "REDIS_URL",
        "",
        "Redis or Valkey: redis://, rediss://, unix:// or, behind Sentinel, "
        "sentinel://login:password@host:26379,host:26379/master-name?db=0. Empty: the embedded Valkey of the demo.",
    ),
    Variable("CELL", "home", "Which server of databases (and its Redis) this process works for; see docs/scaling.md."),
    Variable("CELL_DATABASE_URLS", "", "DATABASE_URL of each cell but home: `north=postgres://…,south=postgres://…`."),
    Variable("CELL_DATABASE_ADMIN_URLS", "", "The same of DATABASE_ADMIN_URL."),
    Variable("CELL_REDIS_URLS", "", "The same of REDIS_URL. No two cells share a Redis: numbers of jobs would meet."),
    Variable("REDIS_PATIENCE", "1", "Multiplies the 0.15 s that a request loses to a Redis that hangs."),
    Variable("ALLOW_REDIS_MOCK", "", "true: develop without a Redis, as in an outage of it. Refused in production."),
    Variable("TRUSTED_PROXIES", "0", "How many proxies of yours stand in front and set X-Forwarded-For and -Proto."),
    Variable("WEB_WORKERS", "2", "Web processes."),
    Variable("WEB_THREADS", "4", "Threads of each web process; each keeps one database connection."),
    Variable("PASSWORD_SLOTS", "0", "Passwords hashed at once on this machine; 0: one per processor."),
    Variable("RATE_LIMIT_FACTOR", "1", "Multiplies every limit of docs/reference/rate-limits.md; for load tests."),
    Variable("WEB_STATEMENT_TIMEOUT_SECONDS", "15", "Longest statement of a request; jobs have limits of their own."),
    Variable(
        "LIST_STATEMENT_TIMEOUT_SECONDS", "5", "Longest statement of a list or a search of the office or operators."
    ),
    Variable("WEB_LOCK_TIMEOUT_SECONDS", "3", "Longest that a statement of a request waits for somebody else's lock."),
    Variable("WEB_MAX_RSS", "512", "MiB of memory at which a web process is replaced."),
    Variable("DRAIN_SECONDS", "0", "How long /health/ready says 503 before the web server stops; 5 behind a balancer."),
    Variable("PORT", "8000", "Port of the web server."),
    Variable("BIND", "127.0.0.1", "Address of the web server."),
    Variable("BASE_URL", "", "The running installation that `manage.py resilience_check` looks at from outside."),
    Variable("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Variable("LOG_FORMAT", "", "json or text. Empty: json in production, text elsewhere."),
    Variable(
        "TRACES_URL",
        "",
        "Where OpenTelemetry's spans go, as http://127.0.0.1:4318/v1/traces. Empty: none. Needs the extra otel.",
    ),
    Variable("TRACES_PERCENT", "5", "Of the requests that come without a decision of their own, how many are traced."),
    Variable(
        "METRICS_FOLDER", "", "Folder of the processes' counts. Empty: one in memory, named after this installation."
    ),
    Variable(
        "BACKUP_FOLDER", "", "Folder that backups of the database are put into; `manage.py doctor` looks at their age."
    ),
    Variable(
        "BACKUP_RECIPIENTS", "", "Public keys of age (age1…), comma separated, for which backups of schools are sealed."
    ),
    Variable("KEEP_ATTENDANCE_YEARS", "3", "How long your law asks for rolls of who has left; then the name may go."),
    Variable("KEEP_MARKS_YEARS", "10", "The same for marks and results."),
    Variable("KEEP_CERTIFICATES_YEARS", "50", "The same for report cards that were published."),
    Variable("KEEP_ENROLMENT_YEARS", "10", "The same for who was enrolled when and where."),
    Variable("KEEP_EMPLOYMENT_YEARS", "10", "The same for who worked here and taught what."),
    Variable("KEEP_FEES_YEARS", "10", "The same for invoices and payments."),
    Variable("KEEP_TRAIL_YEARS", "3", "How long the trail of what was done has to be kept."),
    Variable(
        "FONTS",
        "manimgx_fonts,manimgx_fonts_cjk",
        "Fonts for paper: packages that ship some (passed over where they are not installed) and folders, comma "
        "separated. `manage.py doctor` says which scripts they draw.",
    ),
    Variable("MEDIA_ROOT", "var/media", "Folder of uploaded files, one folder per school inside."),
    Variable(
        "SCHOOLOPS_TODAY",
        "",
        "A date (2028-02-29), or a moment of it in UTC (2028-02-29T10:00), from which the clock of each "
        "process runs: where several work together, name a date. Refused in production.",
    ),
    Variable("PLATFORM_TOKEN", "", "Bearer token for /metrics, /health/metrics and /health/queues in production."),
    Variable(
        "SANDBOX_GATEWAY_URL",
        "",
        "Where `python -m schoolops.gateways.counter` listens: a card gateway to try with. Refused in production.",
    ),
    Variable(
        "STRIPE_URL",
        "https://api.stripe.com",
        "Where Stripe is asked, for installations with the extra stripe; empty: it is offered to no school.",
    ),
    Variable(
        "EMAIL_URL",
        "consolemail://",
        "Where mail goes, as smtp+tls://user:password@host:587. Production writes no letter out.",
    ),
    Variable("DEFAULT_FROM_EMAIL", "SchoolOps <no-reply@localhost>", "Sender of mail."),
    Variable(
        "MAIL_PROVIDER",
        "",
        "Mail goes through this provider's API instead of EMAIL_URL, as postmark or mailgun (extra mail-provider).",
    ),
    Variable(
        "MAIL_PROVIDER_SETTINGS", "{}", 'JSON of what django-anymail asks for it: {"POSTMARK_SERVER_TOKEN": "…"}.'
    ),
    Variable("MAIL_WEBHOOK_SECRET", "", "user:password with which the provider reports; empty: no report is taken."),
    Variable("SMS_URL", "", "Where text messages are posted to, https://…; empty: none is sent. A demo logs them."),
    Variable(
        "SMS_BODY",
        '{"to": "{to}", "text": "{text}", "id": "{key}"}',
        "JSON that is posted there, with {to}, {text}, {key} and {callback} (where it reports) filled in.",
    ),
    Variable("SMS_HEADERS", "{}", "JSON of headers that go with it, such as an API key."),
    Variable("SMS_REFERENCE", "id", "Where in its answer the gateway's own number stands, as messages.0.id."),
    Variable("SMS_REGION", "", "The country (ISO 3166) of telephone numbers written without one, such as GB."),
    Variable("SMS_WEBHOOK_SECRET", "", "Bearer secret of the gateway's delivery reports; empty: none are taken."),
)
_KNOWN = {variable.name: variable for variable in VARIABLES}
# What each cell has of its own; of all others but the first, in a variable with all of them by name.
_OF_A_CELL = {
    "DATABASE_URL": "CELL_DATABASE_URLS",
    "DATABASE_ADMIN_URL": "CELL_DATABASE_ADMIN_URLS",
    "REDIS_URL": "CELL_REDIS_URLS",
}
FIRST_CELL = _KNOWN["CELL"].default


SETTINGS = "DJANGO_SETTINGS_MODULE"
_pretended: Mapping[str, str] | None = None


def pretend(values: Mapping[str, str]) -> None:
    """Answer from ``values`` alone from now on, whatever the machine says. For ``config.settings.offline``."""
    global _pretended
    _pretended = values


def choose_settings() -> None:
    """Tell Django which settings to load, for the entry points: the environment's, else ``.env``'s, else local."""
    os.environ[SETTINGS] = Environment().text(SETTINGS)


def inherited() -> dict[str, str]:
    """What a child process needs of our environment (PATH, HOME, …): everything but the variables declared above."""
    return {name: value for name, value in os.environ.items() if name not in _KNOWN}


def read_files(folder: Path, *, production: bool) -> dict[str, str]:
    """What ``.env`` in ``folder`` says, and below it the servers of a demo that runs there."""
    values: dict[str, str] = {}
    files = [folder / ".schoolops" / "demo" / "servers.env", folder / ".env"]
    if production:
        # A production that names no database must refuse, not find the demo's.
        del files[0]
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        for line in lines:
            name, separator, value = line.removeprefix("export ").partition("=")
            if separator and name.strip() in _KNOWN:
                values[name.strip()] = value.strip().strip("'\"")
    return values


class Environment:
    """Typed access to the variables declared above; an undeclared name is a programming error.

    Raises ``ImproperlyConfigured`` naming the variable when a value cannot be read as asked.
    """

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        if source is None:
            production = os.environ.get(SETTINGS, "").endswith(".production")
            source = {**read_files(BASE_DIR, production=production), **os.environ} if _pretended is None else _pretended
        self._said = dict(source)
        self.cell = self._said.get("CELL") or FIRST_CELL
        self._values = self._said | self._of(self.cell)
        self._environ = environ.Env()
        # django-environ reads from the mapping named ENVIRON.
        self._environ.ENVIRON = self._values

    def _of(self, cell: str) -> dict[str, str]:
        """What is said of ``cell``, and so goes before what is said of the first one."""
        if cell == FIRST_CELL:
            return {}
        said = {}
        for name, of_all in _OF_A_CELL.items():
            urls = dict(each.strip().partition("=")[::2] for each in self._said.get(of_all, "").split(","))
            said[name] = urls.get(cell, "")
        if not said["DATABASE_URL"]:
            raise ImproperlyConfigured(f"There is no cell {cell} in CELL_DATABASE_URLS.")
        return said

    def others(self) -> dict[str, Environment]:
        """Every cell but the one of this process, as a process of it would be told."""
        named = [each.partition("=")[0].strip() for each in self._said.get("CELL_DATABASE_URLS", "").split(",")]
        cells = [FIRST_CELL, *filter(None, named)]
        return {cell: Environment(self._said | {"CELL": cell}) for cell in cells if cell != self.cell}

    def leaves_open(self, name: str) -> bool:
        """Whether nobody said anything about ``name``, so that its default holds."""
        return not self._values.get(name)

    def text(self, name: str) -> str:
        default = _KNOWN[name].default
        return self._values.get(name) or default

    def number(self, name: str) -> int:
        value = self.text(name)
        try:
            return int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None

    def names(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def moment(self, name: str) -> dt.date | dt.datetime | None:
        """A date, or an aware moment where the value has a time of day, of UTC unless it says."""
        value = self.text(name)
        if not value:
            return None
        try:
            if "T" not in value:
                return dt.date.fromisoformat(value)
            said = dt.datetime.fromisoformat(value)
            return said if said.tzinfo else said.replace(tzinfo=dt.UTC)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must be a date such as 2028-02-29, or a moment such as 2028-02-29T10:00, not {value!r}."
            ) from None

    def database(self, name: str) -> dict[str, Any]:
        if not self.text(name):
            raise ImproperlyConfigured(
                f"{name} is not set. Run `make demo` for embedded servers, or name a PostgreSQL (16 or newer) "
                f"as postgres://login:password@host:5432/database."
            )
        return dict(self._environ.db_url(name))

    def redis(self, name: str) -> str:
        url = self.text(name)
        if sentinel.is_sentinel(url):
            try:
                sentinel.parse(url)
            except sentinel.BadSentinelURL as bad:
                raise ImproperlyConfigured(f"{name}: {bad}") from None
        return url

    def mail(self, name: str) -> dict[str, Any]:
        return dict(self._environ.email_url(name, default=_KNOWN[name].default))


def example() -> str:
    """The text of ``.env.example``: every variable with its purpose, commented out where the default will do."""
    heading = "# Copy to .env and fill in what you need. Generated by `make docs` from config/env.py; do not edit."
    variables = [f"# {variable.purpose}\n# {variable.name}={variable.default}" for variable in VARIABLES]
    return "\n\n".join([heading, *variables]) + "\n"


reference.declare(
    reference.Table(
        name="environment",
        title="Environment variables",
        introduction=(
            "What an installation is told from outside, in order of precedence: the environment, a file `.env` beside "
            "`manage.py`, and (never in production) the servers of a running demo. Declared in `config/env.py`."
        ),
        columns=("Variable", "Default", "What it is for"),
        rows=lambda: (
            (f"`{variable.name}`", f"`{variable.default}`" if variable.default else "", variable.purpose)
            for variable in VARIABLES
        ),
    )
)
