"""The doctor says what is wrong and what to do about it, and asks on when one thing cannot be asked."""

from __future__ import annotations

import io
import os
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from config.env import BASE_DIR
from schoolops.health import doctor, machine
from schoolops.health.doctor import Line


def found(name: str) -> list[Line]:
    return [line for examined, line in doctor.examine() if examined == name]


def test_a_page_about_a_running_installation_ends_with_one_when_a_line_is_red(real_commits: None) -> None:
    page = io.StringIO()
    # No relay runs here.
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=page, no_color=True)
    assert ended.value.code == 1
    lines = page.getvalue().splitlines()
    assert any(line.startswith("green   PostgreSQL    PostgreSQL 1") for line in lines)
    relay = next(number for number, line in enumerate(lines) if "No relay leads" in line)
    assert lines[relay].startswith("red ")
    assert "docs/runbooks/relay-stopped.md" in lines[relay + 1]


def test_what_cannot_be_asked_is_red_and_the_others_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Iterator[Line]:
        raise ConnectionRefusedError("nobody there\nsecond line")
        yield

    def fine() -> Iterator[Line]:
        yield Line("green", "Well")

    monkeypatch.setattr(doctor, "EXAMINATIONS", {"one": away, "two": fine})
    (first, red), (second, green) = list(doctor.examine())
    assert (first, red.colour, red.remedy) == ("one", "red", doctor.OTHERWISE)
    assert "ConnectionRefusedError" in red.what
    assert red.what.endswith("nobody there")
    assert (second, green) == ("two", Line("green", "Well"))


def test_no_red_line_is_without_what_to_do() -> None:
    with pytest.raises(ValueError, match="What is to be done"):
        Line("red", "Something is wrong")
    assert set(doctor.REMEDIES) <= set(doctor.EXAMINATIONS)


def test_where_letters_and_texts_would_fail_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"settings": doctor._settings})
    there = {"PLATFORM_TOKEN": "t" * 32, "EMAIL_BACKEND_BEHIND": "schoolops.resilience.smtp.Backend"}
    with override_settings(**there, SMS_URL="https://texts.example.org/", SMS_LOGGED=False):
        assert found("settings") == []
    nowhere = there | {"EMAIL_BACKEND_BEHIND": "schoolops.resilience.mail.NowhereBackend"}
    with override_settings(**nowhere, SMS_URL="", SMS_LOGGED=False):
        assert [line.remedy for line in found("settings")] == ["Set EMAIL_URL, or MAIL_PROVIDER.", "Set SMS_URL."]


@pytest.mark.parametrize(("hours", "colour"), [(1, "green"), (30, "red")])
def test_a_backup_grows_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, colour: str) -> None:
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"backups": doctor._backups})
    backup = tmp_path / "schoolops.dump"
    backup.write_bytes(b"rows")
    moment = time.time() - hours * 3600  # noqa: TID251 - a file's own clock
    os.utime(backup, (moment, moment))
    with override_settings(BACKUP_FOLDER=tmp_path):
        (line,) = found("backups")
    assert line.colour == colour
    assert f"{hours} hours" in line.what


def test_an_empty_folder_of_backups_is_red_and_none_named_is_yellow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"backups": doctor._backups})
    (tmp_path / "begun.dump").touch()
    with override_settings(BACKUP_FOLDER=tmp_path):
        assert [line.colour for line in found("backups")] == ["red"]
    with override_settings(BACKUP_FOLDER=""):
        assert [line.colour for line in found("backups")] == ["yellow"]


def test_a_disk_that_is_nearly_full_names_its_runbook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"machine": doctor._machine})
    monkeypatch.setattr(machine, "disk_used", lambda: 0.93)
    red: list[Any] = [line for line in found("machine") if line.colour == "red"]
    assert [line.remedy for line in red] == ["docs/runbooks/disk-full.md"]


def test_the_version_it_names_is_that_of_the_project() -> None:
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (line,) = doctor._versions()
    assert f"SchoolOps {project['version']}," in line.what


def test_what_a_school_could_keep_outside_its_schema_is_said(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """Without a superuser nothing could be taken away, and nobody would know."""
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"catalogue": doctor._catalogue})
    assert [line.colour for line in found("catalogue")] == ["green"]
    # A function that everybody may use stands for those.
    monkeypatch.setattr(doctor, "OF_THE_CATALOGUE", "proname = 'pg_sleep'")
    (line,) = found("catalogue")
    assert (line.colour, "1 functions" in line.what, "operators.md" in line.remedy) == ("yellow", True, True)
