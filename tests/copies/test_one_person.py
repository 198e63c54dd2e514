"""Everything about one person can be read by them, and goes when they ask, but for what a law keeps and until when."""

from __future__ import annotations

import datetime as dt
import io
import json
import stat
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pyrage
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from apps.accounts.models import User
from apps.accounts.services import second_factor
from apps.attendance.models import AttendanceRecord, AttendanceSession, Leave
from apps.exchange.models import Counterpart
from apps.staff.models import StaffMember
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services import withdraw_student
from schoolops import clock, files
from schoolops.audit.models import AuditEntry
from schoolops.copies import persons, reading
from schoolops.copies.errors import NotAsPlanned, PersonNotFound, PersonStays
from schoolops.tenancy.models import School
from tests.copies.keys import Key
from tests.factories import people, rolls
from tests.factories.people import Campus

MARK = "zebra-7731"
DAY = dt.timedelta(days=1)
WHOLE = {"attendance": 3, "marks": 10, "certificates": 50, "enrolment": 10, "employment": 10, "fees": 10, "trail": 3}


@pytest.fixture
def amina(campus: Campus, bob: User, carol: User, tmp_path: Path, settings: Any) -> Student:
    """Carol's child, of whom everything says ``MARK``; absent on a day, ill on others, and known outside."""
    settings.MEDIA_ROOT, settings.RETENTION_YEARS = tmp_path / "media", WHOLE
    student = StudentGuardian.objects.filter(guardian__user=carol)[0].student
    for name in ("middle_name", "preferred_name", "phone", "address", "medical_note"):
        setattr(student, name, MARK)
    student.birth_date, student.email = dt.date(2015, 2, 28), f"{MARK}@example.org"
    files.keep(student.photo, MARK.encode(), suffix=".png")
    student.save()
    StudentGuardian.objects.filter(student=student).update(restriction_note=f"order {MARK}-custody")
    rolls.take(campus.section, {student: "A"}, by=bob)
    AttendanceRecord.objects.filter(student=student).update(remark=MARK)
    code = AttendanceRecord.objects.get(student=student).teacher_code
    Leave.objects.create(
        student=student, starts_on=people.SCHOOL_DAY, ends_on=people.SCHOOL_DAY, code=code, reason=MARK,
        requested_by=carol,
    )  # fmt: skip
    Counterpart.objects.create(kind="student", row_id=student.pk, external_id=MARK, values={"family_name": MARK})
    return student


def leave(student: Student) -> None:
    withdraw_student(student=student, on=people.SCHOOL_DAY, by=people.a_user(f"d{student.pk}", role="registrar"))


def erased(person: Any) -> persons.Plan:
    return persons.erase(person, planned=persons.plan(person).code, reason="letter of 3 May")


def test_the_archive_holds_what_there_is_about_somebody_and_nothing_of_others(amina: Student, carol: User) -> None:
    out = io.BytesIO()
    count = reading.write(amina, out, reason="letter of 3 May")
    with zipfile.ZipFile(out) as archive:
        said = json.loads(archive.read("data.json"))
        page = archive.read("index.html").decode()
        (photo,) = [name for name in archive.namelist() if name.startswith("files/")]
        assert archive.read(photo) == MARK.encode()
    rows = said["rows"]
    assert count == sum(map(len, rows.values()))
    assert rows["students.Student"][0]["medical_note"] == MARK
    assert rows["students.Student"][0]["photo"] == photo
    assert rows["attendance.AttendanceRecord"][0]["remark"] == MARK
    assert rows["exchange.Counterpart"][0]["external_id"] == MARK
    assert rows["students.StudentGuardian"][0]["guardian"]["called"] == str(carol.guardian)
    assert {"students.Enrolment", "students.SectionMembership", "attendance.Leave", "audit.AuditEntry"} <= set(rows)
    for text in (page, json.dumps(said)):
        assert f"{MARK}-custody" not in text
        assert "password" not in text
    assert all(label in page for label in rows)
    assert AuditEntry.objects.filter(action="privacy.exported", object_id=str(amina.sourced_id)).count() == 1


def test_what_somebody_did_to_others_is_said_by_number(campus: Campus, amina: Student, bob: User) -> None:
    out = io.BytesIO()
    reading.write(StaffMember.objects.get(user=bob), out, reason="asked")
    with zipfile.ZipFile(out) as archive:
        said = json.loads(archive.read("data.json"))
    assert said["acted"]["attendance.AttendanceSession.taken_by"] == 1
    assert amina.given_name not in json.dumps(said)
    assert {"accounts.User", "staff.StaffMember", "staff.TeachingAssignment"} <= set(said["rows"])
    assert "digest" not in json.dumps(said)


def test_nobody_is_erased_who_is_still_here(campus: Campus, amina: Student, bob: User, carol: User) -> None:
    for person, why in (
        (amina, "the student is enrolled"),
        (Guardian.objects.get(user=carol), "a child of theirs is enrolled"),
        (StaffMember.objects.get(user=bob), "works here"),
    ):
        with pytest.raises(PersonStays, match=why):
            erased(person)
    assert Student.objects.get(pk=amina.pk).medical_note == MARK


def test_all_goes_at_once_but_who_was_here_when_which_a_law_keeps(campus: Campus, amina: Student) -> None:
    leave(amina)
    was = amina.family_name
    plan = persons.plan(amina)
    ends = AttendanceSession.objects.get(section=campus.section).day
    lines = {(line.model, line.by): line for line in plan.lines}
    kept = lines["attendance.AttendanceRecord", "student"]
    assert (kept.fate, kept.law, kept.until) == ("kept", "attendance", str(ends.replace(year=ends.year + 3)))
    assert lines["students.StudentGuardian", "student"].fate == "deleted"
    assert plan.identity_until == str(people.SCHOOL_DAY.replace(year=people.SCHOOL_DAY.year + 10))
    erased(amina)
    now = Student.objects.get(pk=amina.pk)
    assert (now.family_name, now.birth_date, now.version) == (was, amina.birth_date, amina.version + 1)
    assert (now.medical_note, now.phone, now.address, now.email, now.preferred_name, now.photo.name) == ("",) * 6
    assert AttendanceRecord.objects.get(student=amina).remark == ""
    assert Leave.objects.get(student=amina).reason == ""
    assert not StudentGuardian.objects.filter(student=amina).exists()
    assert not Counterpart.objects.filter(row_id=amina.pk, kind="student").exists()
    line = AuditEntry.objects.get(action="privacy.erased")
    assert (line.reason, line.after["kept_until"]) == ("letter of 3 May", plan.identity_until)
    assert MARK not in json.dumps([line.before, line.after])


def test_after_the_last_law_the_name_goes_as_well_and_rows_are_nobodys(campus: Campus, amina: Student) -> None:
    leave(amina)
    with clock.frozen(clock.now() + 10 * 366 * DAY):
        assert erased(amina).identity_until == ""
    now = Student.objects.get(pk=amina.pk)
    assert (now.given_name, now.middle_name, now.family_name, now.birth_date) == ("~", "", "", None)
    assert now.admission_number == f"~{amina.sourced_id}"
    assert MARK not in now.searched
    assert AttendanceRecord.objects.filter(student=amina).exists()


def test_a_login_goes_with_its_person_unless_somebody_else_has_it(campus: Campus, carol: User, bob: User) -> None:
    guardian, teacher = Guardian.objects.get(user=carol), StaffMember.objects.get(user=bob)
    also = Guardian.objects.create(given_name="Bob", family_name="Baker", user=bob, phone=MARK)
    erased(also)
    also.refresh_from_db()
    assert (also.user, also.phone, also.given_name) == (None, "", "~")
    assert User.objects.get(pk=bob.pk).is_active
    for link in StudentGuardian.objects.filter(guardian=guardian):
        leave(link.student)
    erased(guardian)
    gone = User.objects.get(pk=carol.pk)
    assert (gone.is_active, gone.email, gone.has_usable_password()) == (False, "", False)
    assert gone.username == f"erased-{gone.sourced_id.hex}"
    assert not gone.role_assignments.exists()
    StaffMember.objects.filter(pk=teacher.pk).update(ends_on=people.SCHOOL_DAY)
    teacher.refresh_from_db()
    # Who taught whom is kept, and with it who it was, but not how to come in.
    assert erased(teacher).identity_until
    teacher.refresh_from_db()
    assert (teacher.given_name != "~", teacher.email, User.objects.get(pk=bob.pk).is_active) == (True, "", False)


def test_records_that_became_one_are_one_person(campus: Campus, amina: Student) -> None:
    double = people.some_students(1, section=campus.section)[0]
    leave(double)
    Student.objects.filter(pk=double.pk).update(merged_into=amina, phone=MARK)
    with pytest.raises(PersonNotFound):
        persons.find("student", str(double.sourced_id))
    leave(amina)
    erased(persons.find("student", amina.admission_number))
    assert Student.objects.get(pk=double.pk).phone == ""


def test_only_the_plan_that_was_read_is_carried_out(campus: Campus, amina: Student, oak: School) -> None:
    leave(amina)
    code = persons.plan(amina).code
    Leave.objects.filter(student=amina).delete()
    with pytest.raises(NotAsPlanned):
        persons.erase(amina, planned=code, reason="x")
    assert Student.objects.get(pk=amina.pk).phone == MARK
    who = ("erase", "oak", "--student", amina.admission_number)
    for command in (who, (*who, "--plan", "--planned", code), (*who, "--planned", code)):
        with pytest.raises(CommandError):
            call_command("school", *command, stdout=StringIO())
    out = StringIO()
    call_command("school", *who, "--plan", stdout=out)
    assert "kept under attendance until" in out.getvalue()
    code = out.getvalue().split()[-1]
    call_command("school", *who, "--planned", code, "--reason", "asked", stdout=out)
    assert "Done. The name is kept until" in out.getvalue()
    assert Student.objects.get(pk=amina.pk).phone == ""


def test_the_file_is_nobody_elses_and_may_be_sealed(amina: Student, oak: School, tmp_path: Path) -> None:
    key, out = Key(tmp_path / "key"), StringIO()
    who = ("export", "oak", "--student", str(amina.sourced_id), "--reason", "asked")
    call_command("school", *who, "--to", str(tmp_path / "amina.zip"), stdout=out)
    assert stat.S_IMODE((tmp_path / "amina.zip").stat().st_mode) == 0o600
    call_command("school", *who, "--to", str(tmp_path / "amina.zip.age"), "--recipient", key.public, stdout=out)
    opened = pyrage.decrypt((tmp_path / "amina.zip.age").read_bytes(), key.opened())
    with zipfile.ZipFile(io.BytesIO(opened)) as archive:
        assert MARK in archive.read("data.json").decode()
    with pytest.raises(CommandError, match="no student"):
        call_command("school", "export", "oak", "--student", "nobody", "--reason", "x", "--to", str(tmp_path / "x"))


def test_a_second_factor_is_said_without_its_secret(amina: Student, carol: User) -> None:
    began = second_factor.begin(by=carol)
    out = io.BytesIO()
    with override_settings(RETENTION_YEARS=WHOLE):
        reading.write(Guardian.objects.get(user=carol), out, reason="asked")
    with zipfile.ZipFile(out) as archive:
        said = archive.read("data.json").decode()
    assert "otp_totp.TOTPDevice" in said
    assert began.secret.replace(" ", "") not in said.replace(" ", "")
