"""A backup opens with Debian's ``age`` and ``tar`` alone, as its how-to says, also where SchoolOps cannot be had."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from schoolops.copies.taking import Taken
from tests.copies import maple
from tests.copies.keys import Key


@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's package `age` is not installed here")
def test_age_and_tar_bring_back_rows_and_files(backup: Taken, key: Key, tmp_path: Path) -> None:
    unsealing = subprocess.run(["age", "-d", "-i", str(key.file), str(backup.path)], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(tmp_path)], input=unsealing.stdout, check=True)
    (photo,) = (tmp_path / "files" / "photos").rglob("*.png")
    assert photo.read_bytes() == maple.PHOTO
    rows = (tmp_path / "tables" / "students_student" / "00000.copy").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 6
    # As COPY writes it, which any PostgreSQL reads.
    spelt = maple.SPELT.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    assert sum(spelt in row for row in rows) == 1


@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's package `age` is not installed here")
def test_another_key_opens_nothing(backup: Taken, tmp_path: Path) -> None:
    other = Key(tmp_path / "other.key")
    refused = subprocess.run(["age", "-d", "-i", str(other.file), str(backup.path)], check=False, capture_output=True)
    assert (refused.returncode != 0, refused.stdout) == (True, b"")
