"""The runbook of the whole cluster is done step by step: nothing is lost up to the moment, and no mistake is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.copies import pitr

RUNBOOK = BASE_DIR / "docs/runbooks/restore-the-cluster.md"


@pytest.mark.proof
def test_a_cluster_comes_back_as_of_the_moment_before_a_mistake(tmp_path: Path) -> None:
    assert pitr.drill(tmp_path / "cluster")["rows"] == 2 * pitr.ROWS


@pytest.mark.parametrize(
    "said",
    [
        "wal_level", "archive_mode", "archive_command", "pg_basebackup", "pg_verifybackup", "restore_command",
        "recovery_target_time", "recovery_target_action", "recovery.signal", "make drill-pitr",
    ],
)  # fmt: skip
def test_the_runbook_says_what_the_drill_does(said: str) -> None:
    assert said in RUNBOOK.read_text(encoding="utf-8")
    assert said.removeprefix("make ").replace("drill-pitr", "drill") in Path(pitr.__file__).read_text(encoding="utf-8")
