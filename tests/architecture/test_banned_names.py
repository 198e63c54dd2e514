"""The linter knows the names that are banned here, and says what to use instead."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from config.env import BASE_DIR


def _complaints(code: str, *, file: str = "apps/attendance/services.py") -> dict[str, str]:
    """Rule → message for ``code`` as if it stood in ``file``."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format=json", f"--stdin-filename={file}", "-"],
        input=code,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return {each["code"]: each["message"] for each in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("from datetime import date\n\nday = date.today()\n", "schoolops.clock.today"),
        ("import datetime as dt\n\nat = dt.datetime.now(dt.UTC)\n", "schoolops.clock.now"),
        ("from django.utils import timezone\n\nat = timezone.now()\n", "schoolops.clock.now"),
        ("import time\n\nat = time.time()\n", "schoolops.clock.now"),
        ("from django.db.models.functions import Now\n\nat = Now()\n", "schoolops.clock.now"),
        ("import os\n\nkey = os.environ['KEY']\n", "config.env"),
        ("from os import getenv\n\nkey = getenv('KEY')\n", "config.env"),
        ("from django.db.models import signals\n\nsave = signals.post_save\n", "subscribers.py"),
        ("from django.dispatch import receiver\n\nlisten = receiver\n", "subscribers.py"),
        ("from django_tenants.utils import schema_context\n\nenter = schema_context\n", "inside(school)"),
        ("from django.core.cache import cache\n\ncache.clear()\n", "CacheEntry"),
        ("from rest_framework import serializers\n\nshare = serializers.DecimalField(3, 2)\n", "fields.Exact"),
        ("import pickle\n\nload = pickle.loads\n", "JSON"),
    ],
)
def test_a_banned_name_is_refused_with_its_replacement(code: str, instead: str) -> None:
    assert instead in _complaints(code)["TID251"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import requests\n\nrequests.get('https://example.org')\n", "S113"),
        ("print('marked')\n", "T201"),
        ("try:\n    x = 1\nexcept Exception:\n    x = 2\n", "BLE001"),
        ("def mark(student: int, absent: bool) -> None:\n    del student, absent\n", "FBT001"),
    ],
)
def test_a_bad_habit_is_refused(code: str, rule: str) -> None:
    assert rule in _complaints(code)


def test_the_clock_may_read_the_clock_and_the_reader_the_environment() -> None:
    assert "TID251" not in _complaints(
        "import datetime as dt\n\nat = dt.datetime.now(dt.UTC)\n", file="schoolops/clock.py"
    )
    assert "TID251" not in _complaints("import os\n\nkey = os.environ['KEY']\n", file="config/env.py")
