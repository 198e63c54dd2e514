"""A subject is added to a copy of the house by its own folder and two registrations, and nothing else is touched."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import BASE_DIR, inherited

SUBJECT = "tests.apps.office.clubs"
# What a subject registers itself with: as an app, and as a room of the office.
REGISTRATIONS = ('    "apps.office",\n', '    "apps.office.operators",\n')

TRIED = "subject or clubs or navigation_shows or every_entry"


@pytest.mark.proof
def test_a_subject_brings_its_page_its_list_its_paper_and_its_permission(tmp_path: Path) -> None:
    house = tmp_path / "house"
    for folder in ("apps", "config", "schoolops", "tests", "locale"):
        shutil.copytree(BASE_DIR / folder, house / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "manage.py"):
        shutil.copy(BASE_DIR / file, house)
    settings = house / "config" / "settings" / "base.py"
    text = settings.read_text(encoding="utf-8")
    for line in REGISTRATIONS:
        assert text.count(line) == 1
        text = text.replace(line, f'{line}    "{SUBJECT}",\n')
    settings.write_text(text, encoding="utf-8")
    # What is generated is generated: the tables of a new school, as for any model.
    _run(house, "-m", "config.gates", "template", "--write")
    # Its own pages, and what holds for every list and every entry of the office.
    tests = ("clubs/subject.py", "test_every_list.py", "test_roles_decide_what_is_there.py")
    said = _run(house, "-m", "pytest", "-q", "-k", TRIED, *(f"tests/apps/office/{name}" for name in tests))
    assert "failed" not in said


def _run(house: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=inherited(),
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout
