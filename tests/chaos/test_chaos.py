"""A minute of chaos: nothing is lost or doubled; and the same driver sees plain Celery lose jobs, so it can see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.proof
ROOT = Path(__file__).resolve().parents[2]
OURS = ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


def chaos(*arguments: str) -> tuple[int, dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1_500,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    assert last.startswith("RESULT "), done.stdout[-2000:] + done.stderr[-4000:]
    print(last)
    return done.returncode, json.loads(last.removeprefix("RESULT "))


def test_no_job_is_lost_or_done_twice_whoever_is_killed() -> None:
    code, result = chaos("--seconds", "60", "--seed", "4")
    assert code == 0, result
    assert (result["lost"], result["duplicated"], result["stuck"], result["wrong_school"]) == (0, 0, 0, 0)
    assert (result["innocent_dead"], result["poison_not_dead"]) == (0, 0)
    assert (result["buried_waiting"], result["mail_before_commit"]) == (0, 0)
    assert result["arrows_killed"] == result["arrows"]
    assert result["committed"] > 0


def test_the_same_driver_sees_plain_celery_lose_jobs() -> None:
    code, result = chaos("--seconds", "60", "--seed", "4", "--engine", "celery")
    assert code == 0, result
    assert result["lost"] > 0
