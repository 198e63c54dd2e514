"""Production does not start on a missing or weak setting, and says which variable it is."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from schoolops.redis.boot import EXIT_CONFIG
from tests.architecture.programs import STRONG, python

LOAD = "import config.settings.production"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short-but-Otherwise-4-fine"),
        ("SECRET_KEY", "ab" * 40),
        ("SECRET_KEY", "django-insecure-" + STRONG["SECRET_KEY"]),
        ("SECRET_KEY", "local-only-" + "not-a-secret-" * 5),
        ("DEBUG", "1"),
        ("DEBUG", "True"),
        ("ALLOWED_HOSTS", ""),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "oak.example.org, *"),
        ("SCHOOLOPS_TODAY", "2028-02-29"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("ALLOW_REDIS_MOCK", "true"),
        ("PLATFORM_TOKEN", ""),
        ("PLATFORM_TOKEN", "guessable"),
        ("TRUSTED_PROXIES", "two"),
    ],
)
def test_it_refuses(variable: str, value: str) -> None:
    done = python(LOAD, settings="production", **{**STRONG, variable: value})
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(f"django.core.exceptions.ImproperlyConfigured: {variable} ")


def test_development_may_do_without_a_redis_and_only_when_it_says_so() -> None:
    show = "import config.settings.local as chosen; print(chosen.REDIS_URL, chosen.QUEUES_BROKER_URL)"
    for said, url in (("", ""), ("true", "redis://127.0.0.1:1/0")):
        # Set, and empty: nothing that a demo beside us left is found.
        done = python(show, settings="local", **{**STRONG, "REDIS_URL": "", "ALLOW_REDIS_MOCK": said})
        assert done.stdout.split() == ([url, url] if url else [])


def test_it_starts_when_nothing_is_weak() -> None:
    done = python(LOAD, settings="production", **STRONG)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_writes_out_no_letter_and_no_text() -> None:
    show = "import config.settings.{0} as chosen; print(chosen.SMS_LOGGED, chosen.EMAIL_BACKEND_BEHIND)"
    said = {
        settings: python(show.format(settings), settings=settings, **{**STRONG, "EMAIL_URL": url}).stdout.split()
        for settings, url in (("production", "consolemail://"), ("local", "consolemail://"))
    }
    assert said == {
        "production": ["False", "schoolops.resilience.mail.NowhereBackend"],
        "local": ["True", "django.core.mail.backends.console.EmailBackend"],
    }
    named = python(show.format("production"), settings="production", **{**STRONG, "EMAIL_URL": "smtp://mail:25"})
    assert named.stdout.split()[1] == "schoolops.resilience.smtp.PipeliningBackend"


SERVE = "import config.serve; config.serve.main()"


def test_the_server_is_not_started_on_a_weak_setting() -> None:
    done = python(SERVE, settings="production", **{**STRONG, "SECRET_KEY": "weak"})
    assert done.returncode == EXIT_CONFIG
    [line] = done.stderr.splitlines()
    assert line.startswith("SchoolOps does not start: SECRET_KEY ")


def test_the_server_is_not_started_without_its_redis() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = python(SERVE, settings="production", **{**STRONG, "REDIS_URL": f"redis://127.0.0.1:{port}/0"})
    assert done.returncode == EXIT_CONFIG
    [line] = done.stderr.splitlines()
    assert line == "SchoolOps does not start: Redis does not answer. Start it, or correct REDIS_URL."


def test_pages_find_this_releases_styles_by_names_that_change_with_them(tmp_path: Path) -> None:
    collect = """
import django
from django.conf import settings
settings.STATIC_ROOT = settings.BASE_DIR.__class__({folder!r})
django.setup()
from config import serve
from django.core.management import call_command
from django.templatetags.static import static
print(serve.uncollected(settings.STATIC_ROOT))
call_command("collectstatic", interactive=False, verbosity=0)
print(serve.uncollected(settings.STATIC_ROOT))
print(static("office/shell/office.css"))
"""
    done = python(collect.format(folder=str(tmp_path)), settings="production", **STRONG)
    assert done.returncode == 0, done.stderr
    before, after, address = done.stdout.splitlines()
    assert before.endswith("Run `manage.py collectstatic --no-input` with this release.")
    assert after == "None"
    assert re.fullmatch(r"/static/office/shell/office\.[0-9a-f]{12}\.css", address)
    assert (tmp_path / address.removeprefix("/static/")).is_file()
