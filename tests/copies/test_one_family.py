"""What a family's pages and messages keep of a person is in their archive, and goes with them: files as well."""

from __future__ import annotations

import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.accounts.models import User
from apps.attendance.models import Leave
from apps.family import services
from apps.family.models import CalendarFeed, ContactRequest
from apps.notifications.models import Message, Preference
from apps.notifications.services import set_preference
from apps.students.models import Guardian, Student
from apps.students.services import withdraw_student
from schoolops import clock
from schoolops.tenancy.models import School
from tests.apps.family import household
from tests.apps.family.household import Household
from tests.copies.test_one_person import WHOLE
from tests.factories import people
from tests.factories.people import Campus

MARK = "zebra-7731"


@pytest.fixture
def home(campus: Campus, alice: User, bob: User, carol: User, oak: School, tmp_path: Path, settings: Any) -> Household:
    """Carol has asked, chosen, been told, and has the child's calendar on her phone."""
    settings.MEDIA_ROOT, settings.RETENTION_YEARS = tmp_path / "media", WHOLE
    made = household.made(campus, head=alice, teacher=bob, guardian=carol)
    services.ask_for_contacts(phone=MARK, email=f"{MARK}@home.example", by=carol)
    services.begin_feed(student=made.child.sourced_id, by=carol)
    set_preference(channel="email", wanted=True, student=made.child.sourced_id, by=carol)
    Message.objects.create(
        fact="absence", key=MARK, channel="in-app", state="delivered", guardian=carol.guardian, student=made.child,
        subject=MARK, text=MARK, due_at=clock.now(), made_at=clock.now(), handed_at=clock.now(),
        institution=campus.institution,
    )  # fmt: skip
    return made


def _archive(folder: Path, *who: str) -> dict[str, Any]:
    to = folder / "archive.zip"
    to.unlink(missing_ok=True)
    call_command("school", "export", "oak", *who, "--reason", "asked", "--to", str(to), stdout=StringIO())
    with zipfile.ZipFile(to) as archive:
        said: dict[str, Any] = json.loads(archive.read("data.json"))
        assert {archive.read(name)[:5] for name in said["files"]} <= {b"%PDF-"}
    return said


def _erase(*who: str) -> None:
    out = StringIO()
    call_command("school", "erase", "oak", *who, "--plan", stdout=out)
    code = out.getvalue().split()[-1]
    call_command("school", "erase", "oak", *who, "--planned", code, "--reason", "asked", stdout=out)


def test_a_guardians_archive_and_erasure_know_what_the_pages_keep(home: Household, tmp_path: Path) -> None:
    guardian = Guardian.objects.get(user=home.mother)
    who = ("--guardian", str(guardian.sourced_id))
    rows = _archive(tmp_path, *who)["rows"]
    assert rows["family.ContactRequest"][0]["phone"] == MARK
    assert rows["notifications.Message"][0]["text"] == MARK
    assert {"family.CalendarFeed", "notifications.Preference"} <= set(rows)
    assert "digest" not in rows["family.CalendarFeed"][0]
    for child in (home.child, home.sibling):
        withdraw_student(student=child, on=people.SCHOOL_DAY, by=people.a_user(f"d{child.pk}", role="registrar"))
    _erase(*who)
    for model in (ContactRequest, CalendarFeed, Preference, Message):
        assert not model.objects.exists(), model


def test_a_childs_archive_has_the_note_and_erasing_takes_its_file_from_the_disk(
    home: Household, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    note = Path(Leave.objects.get(pk=home.note.pk).attachment.path)
    assert note.exists()
    who = ("--student", home.child.admission_number)
    archive = _archive(tmp_path, *who)
    (leave,) = archive["rows"]["attendance.Leave"]
    assert leave["attachment"] in archive["files"]
    registrar = people.a_user("registrar", role="registrar")
    withdraw_student(student=home.child, on=people.SCHOOL_DAY, by=registrar)
    with django_capture_on_commit_callbacks(execute=True):
        _erase(*who)
    left = Leave.objects.get(pk=home.note.pk)
    assert (left.reason, left.attachment.name) == ("", "")
    assert not note.exists()
    for model in (CalendarFeed, Message):
        assert not model.objects.filter(student=home.child).exists(), model
    assert Student.objects.get(pk=home.child.pk).phone == ""
