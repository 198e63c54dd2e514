"""What is tested is what runs: beyond these settings, development, tests and production are the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.architecture.programs import STRONG, python

# A function's repr carries its address, which no two processes share.
DUMP = """
import json, re
from config.settings import {name} as module
said = {{key: re.sub(" at 0x[0-9a-f]+", "", repr(value)) for key, value in vars(module).items() if key.isupper()}}
print(json.dumps(said))
"""
DIFFERENT = {
    "local": {"STORAGES", "SMS_LOGGED"},
    "test": {
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "EMAIL_BACKEND_BEHIND",
        "STORAGES",
        "METRICS_FOLDER",
        "RATE_LIMIT_FACTOR",
        "SANDBOX_GATEWAY_URL",
        "STRIPE_URL",
        "PASSWORD_HASHERS",
        "SMS_LOGGED",
    },
    "production": {
        # Where base writes letters out, production fails them.
        "EMAIL_BACKEND_BEHIND",
        "SERVE_STATIC",
        "STORAGES",
        "REFUSE_FORBIDDEN_DATABASE",
        "SECURE_SSL_REDIRECT",
        "SECURE_REDIRECT_EXEMPT",
        "SECURE_HSTS_SECONDS",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
        "SECURE_HSTS_PRELOAD",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "LOGGING",
    },
}


def _settings(name: str) -> dict[str, Any]:
    done = python(DUMP.format(name=name), settings=name, **STRONG)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.fixture(scope="module")
def base() -> dict[str, Any]:
    return _settings("base")


@pytest.mark.parametrize("name", sorted(DIFFERENT))
def test_settings_differ_from_base_only_here(name: str, base: dict[str, Any]) -> None:
    theirs = _settings(name)
    assert {key for key in {*theirs, *base} if theirs.get(key) != base.get(key)} == DIFFERENT[name]
