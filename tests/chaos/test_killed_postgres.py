"""PostgreSQL killed: a job's effect and its end vanish together or stay together, and a request did all or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.proof
OURS = ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.killed_postgres", str(tmp_path_factory.mktemp("killed"))],
        env={name: value for name, value in os.environ.items() if name not in OURS},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def test_effect_and_end_of_a_commit_that_never_reached_the_disk_vanish_together(told: dict[str, Any]) -> None:
    assert told["done_before"] == 150
    assert told["vanished"] > 0, "otherwise this shows nothing"
    assert (told["left_and_done"], told["neither"]) == (0, 0)
    assert told["each_once"]


def test_what_is_money_is_on_disk(told: dict[str, Any]) -> None:
    assert told["money_kept"] == 50


def test_a_job_in_hand_is_as_it_was(told: dict[str, Any]) -> None:
    assert (told["tries_counted"], told["written_down"], told["effect_of_the_killed"]) == ([[0, 0, 0]], 0, False)


def test_what_was_being_sent_is_not_sent_again_but_asked_about(told: dict[str, Any]) -> None:
    assert (told["sent"], told["sent_becomes"]) == (1, "outcome_unknown")


def test_a_request_is_refused_and_then_done_once(told: dict[str, Any]) -> None:
    assert told["request_meanwhile"] == 503
    assert told["request_afterwards"] == [201, 201]
    assert told["replayed"] == [None, "true"]
