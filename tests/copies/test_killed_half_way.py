"""A backup or a restoration that is killed leaves nothing that looks like one, and ends alike when it is done again."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.env import BASE_DIR
from schoolops.context import outside_schools
from schoolops.copies import restoring, taking
from schoolops.copies.taking import Taken
from schoolops.tenancy import lifecycle, owner
from schoolops.tenancy.models import School
from tests.copies.keys import Key
from tests.copies.maple import WRITTEN
from tests.copies.test_a_school_comes_back import counted
from tests.support.kills import KILLS

TIMES = [pytest.param(2), pytest.param(KILLS, marks=pytest.mark.proof)]


def killed(work: str, folder: Path, times: int, **facts: str) -> list[int]:
    """How the processes ended that did it once, were killed ``times`` at random moments, and did it at last."""
    moments = [random.random() for _ in range(times)]
    asked: dict[str, Any] = {
        "work": work, "facts": facts, "folder": str(folder), "media": str(settings.MEDIA_ROOT), "moments": moments
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.copies.killing", json.dumps(asked)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended: list[int] = json.loads(done.stdout.splitlines()[-1])
    assert ended[0] == ended[-1] == 0, (moments, done.stderr)
    assert set(ended) <= {0, -9}, (moments, done.stderr)
    return ended


@pytest.mark.parametrize("times", TIMES)
def test_whatever_has_the_name_of_a_backup_is_one(maple: School, key: Key, tmp_path: Path, times: int) -> None:
    ended = killed("back_up", tmp_path, times, slug="maple", public=key.public)
    made = sorted(tmp_path.glob("*.school.age"))
    # Two in one second have one name.
    assert 1 <= len(made) <= ended.count(0)
    said = {restoring.verify(file, keys=key.opened()).manifest.tables["students_student"] for file in made}
    assert len(said) == 1
    assert not list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*.partial"))
    assert taking.back_up(slug="maple", folder=tmp_path, recipients=[key.public]).rows


@pytest.mark.parametrize("times", TIMES)
def test_a_restoration_begins_again_and_nobody_has_noticed(
    maple: School, backup: Taken, key: Key, tmp_path: Path, times: int
) -> None:
    was = counted(maple)
    killed("restore", tmp_path, times, slug="maple-again", file=str(backup.path), identity=str(key.file))
    school = lifecycle.get_school("maple-again")
    try:
        now = counted(school)
        assert {name for name in was if was[name] != now[name]} <= WRITTEN | {"students_student"}
        assert counted(maple) == was
        with outside_schools(), owner.owner_connection() as connection:
            schemas = {
                name
                for (name,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^school_'")
                # Those are kept for other tests, empty and without a row.
                if not name.startswith("school_fresh_")
            }
            assert schemas == set(School.objects.values_list("schema_name", flat=True))
        assert {each.name for each in Path(settings.MEDIA_ROOT).glob("school_*")} == {
            maple.schema_name,
            school.schema_name,
        }
    finally:
        restoring.clear(school)
