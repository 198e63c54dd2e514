"""Production does not start on a missing or weak setting, and says which variable it is."""

from __future__ import annotations

import pytest

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
        ("PLATFORM_TOKEN", ""),
        ("PLATFORM_TOKEN", "guessable"),
        ("TRUSTED_PROXIES", "two"),
    ],
)
def test_it_refuses(variable: str, value: str) -> None:
    done = python(LOAD, settings="production", **{**STRONG, variable: value})
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(f"django.core.exceptions.ImproperlyConfigured: {variable} ")


def test_it_starts_when_nothing_is_weak() -> None:
    done = python(LOAD, settings="production", **STRONG)
    assert (done.returncode, done.stderr) == (0, "")
