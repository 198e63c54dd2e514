"""The start page: each role sees what it may, at the same cost for few students and for many."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.attendance import services as attendance
from apps.exchange.models import Import
from apps.exchange.tasks import read_import
from apps.institutions.models import CalendarDay, Institution
from apps.institutions.selectors import previous_school_day
from apps.office.start.selectors.progress import jobs_with_names
from apps.office.start.selectors.start import birthdays, start_of, trend
from apps.students.models import Student
from schoolops import context
from schoolops.context import outside_schools
from schoolops.queues import registry
from schoolops.queues.models import Job
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
Count = Callable[..., Any]


def _text(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()[-2000:]
    return str(answer.content.decode())


def test_the_head_sees_the_day_the_chart_and_what_is_missing(office: Office, alice: User, campus: Campus) -> None:
    first = people.students_in(campus.sections["7 B"])[0]
    rolls.take(campus.sections["7 B"], {first: "A"}, by=alice)
    page = _text(office(alice).get("/office/"))
    for heading in ("Attendance today", "Rolls not taken", "Absent today", "Birthdays of the week", "Needs attention"):
        assert heading in page
    assert first.full_name in page
    assert f"/office/rolls/section/{campus.sections['7 C'].sourced_id}/2026-11-04/" in page
    assert "<svg" in page
    assert "The same as a table" in page


def test_a_teacher_sees_only_their_own(office: Office, alice: User, bob: User, campus: Campus) -> None:
    stranger = people.students_in(campus.sections["7 C"])[0]
    Student.objects.update(given_name="Nobody", birth_date=None)
    Student.objects.filter(pk=stranger.pk).update(given_name="Stranger", birth_date=SCHOOL_DAY.replace(year=2014))
    rolls.take(campus.sections["7 C"], {stranger: "A"}, by=alice)
    page = _text(office(bob).get("/office/"))
    assert "My rolls today" in page
    assert "Grade 7 B" in page
    assert "Stranger" not in page
    assert "Grade 7 C" not in page
    assert "1 roll of the last day is missing" in page


def test_an_accountant_sees_no_attendance(office: Office, campus: Campus) -> None:
    page = _text(office(people.a_user("ivy", role="accountant")).get("/office/"))
    assert "Attendance today" not in page
    assert "Absent today" not in page
    assert "Birthdays of the week" in page


@pytest.mark.parametrize(("role", "queries"), [("head", 33), ("teacher", 27), ("accountant", 9)])
def test_it_costs_the_same_for_ten_students_and_for_many(
    campus: Campus, alice: User, query_count: Count, role: str, queries: int
) -> None:
    user = people.a_teacher(of=campus.section) if role == "teacher" else people.a_user(f"{role}-2", role=role)

    def cost() -> int:
        user.__dict__.pop("_roles_held", None)
        with query_count() as counted:
            start_of(user, SCHOOL_DAY)
        return counted.count  # type: ignore[no-any-return]

    few = cost()
    for letter in "DEFG":
        people.a_section(30, campus=campus, name=f"7 {letter}")
        rolls.take(campus.sections[f"7 {letter}"], by=alice)
    assert (few, cost()) == (queries, queries)


def test_the_days_board_is_made_once_for_who_marks_what_they_see(
    campus: Campus, alice: User, query_count: Count
) -> None:
    with query_count() as counted:
        start_of(alice, SCHOOL_DAY)
    boards = [each for each in counted.statements if "attendance_attendancesession" in each and "2026-11-04" in each]
    assert len(boards) == 1


def test_the_chart_shows_the_last_days_on_which_rolls_were_taken(campus: Campus, alice: User) -> None:
    section = campus.sections["7 B"]
    absent = people.students_in(section)[:3]
    rolls.take(section, dict.fromkeys(absent, "A"), by=alice, day=SCHOOL_DAY - dt.timedelta(days=1))
    rolls.take(section, by=alice)
    shares = trend(SCHOOL_DAY, by=alice)
    assert [(each.day.day, each.present, each.absent, each.percent) for each in shares] == [
        (3, 9, 3, 75),
        (4, 12, 0, 100),
    ]


def test_nearly_everybody_is_not_everybody(campus: Campus, alice: User) -> None:
    section = people.a_section(200, campus=campus, name="7 D")
    rolls.take(section, {people.students_in(section)[0]: "A"}, by=alice)
    assert trend(SCHOOL_DAY, by=alice)[-1].percent == 99


def test_birthdays_run_over_the_new_year_and_know_leap_days(campus: Campus, alice: User) -> None:
    first, second, third = people.students_in(campus.section)[:3]
    Student.objects.update(birth_date=None)
    for student, born in ((first, (2014, 1, 2)), (second, (2016, 2, 29)), (third, (2014, 12, 30))):
        Student.objects.filter(pk=student.pk).update(birth_date=dt.date(*born))
    over = birthdays(dt.date(2026, 12, 30), by=alice)
    assert [(each.student_id, each.day, each.turns) for each in over] == [
        (third.sourced_id, dt.date(2026, 12, 30), 12),
        (first.sourced_id, dt.date(2027, 1, 2), 13),
    ]
    leap = birthdays(dt.date(2027, 2, 26), by=alice)
    assert [(each.student_id, each.day) for each in leap] == [(second.sourced_id, dt.date(2027, 2, 28))]


def test_the_day_before_is_the_last_day_with_school(campus: Campus) -> None:
    assert previous_school_day(dt.date(2026, 11, 9)) == dt.date(2026, 11, 6)
    CalendarDay.objects.create(institution=campus.institution, day=dt.date(2026, 11, 6), kind="holiday")
    CalendarDay.objects.create(institution=campus.institution, day=dt.date(2026, 11, 8), kind="instructional")
    assert previous_school_day(dt.date(2026, 11, 9)) == dt.date(2026, 11, 8)
    assert previous_school_day(dt.date(2026, 11, 8)) == dt.date(2026, 11, 5)


def test_what_waits_is_said_with_the_way_there(office: Office, dave: User, alice: User, campus: Campus) -> None:
    student = people.students_in(campus.section)[0]
    attendance.request_leave(
        student=student.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="Wedding", by=dave
    )
    page = _text(office(dave).get("/office/"))
    assert "1 request for leave to decide" in page
    assert "2 rolls of the last day are missing" in page
    assert "/office/rolls/?day=2026-11-03" in page
    assert "15 students have nobody to call in an emergency" in page
    assert "2 sections have no teacher" in page


def test_a_day_without_school_says_why(office: Office, alice: User, campus: Campus) -> None:
    CalendarDay.objects.create(institution=campus.institution, day=SCHOOL_DAY, kind="holiday", title="Founders’ Day")
    page = _text(office(alice).get("/office/"))
    assert "No school today: Founders’ Day." in page
    assert "No rolls today: there is no school." in page


def test_an_import_under_way_shows_how_far_it_is(office: Office, dave: User, bob: User, campus: Campus) -> None:
    run = Import.objects.create(
        source="students", file_name="autumn.csv", state="applying", done=40, of=100, received_at=people.SCHOOL_MOMENT
    )
    Import.objects.create(source="staff", file_name="old.csv", state="applied", received_at=people.SCHOOL_MOMENT)
    page = _text(office(dave).get("/office/"))
    assert f'<a href="/office/imports/{run.sourced_id}/">autumn.csv</a>' in page
    assert '<progress value="40" max="100"' in page
    assert "old.csv" not in page
    assert "autumn.csv" not in _text(office(bob).get("/office/"))
    assert "since 4 Nov 2026" in page


def test_times_are_told_as_the_schools_clocks_show_them(office: Office, dave: User, campus: Campus) -> None:
    Institution.objects.update(timezone="Asia/Dubai")
    Import.objects.create(
        source="students", file_name="autumn.csv", state="applying", done=40, of=100, received_at=people.SCHOOL_MOMENT
    )
    assert "since 4 Nov 2026, 14:00" in _text(office(dave).get("/office/"))
    # Nor does it stay for whoever the thread serves next.
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_job_is_shown_to_who_asked_for_it(office: Office, bob: User, alice: User, campus: Campus) -> None:
    browser = office(bob)
    token = context.user_id.set(bob.audit_id)
    try:
        job = read_import.enqueue(import_id=uuid.uuid4()).job_id
    finally:
        context.user_id.reset(token)
    page = _text(browser.get("/office/"))
    assert "Reading a file" in page
    assert "waits for its turn" in page
    _write(f"UPDATE queues_job SET attempts = 1, run_at = now() WHERE id = {job}")
    assert "failed, and will be tried again" in _text(browser.get("/office/"))
    _write(
        "INSERT INTO queues_outcome (job_id, school, queue, task, user_id, state, done, of, expires_at)"
        f" VALUES ({job}, 'oak', 'imports', 'x', '', 'running', 30, 70, now() + interval '1 hour');"
        f"UPDATE queues_job SET lease_until = now() + interval '1 hour' WHERE id = {job}"
    )
    assert '<progress value="30" max="70" aria-label="Reading a file"' in _text(browser.get("/office/"))
    # Alice is shown imports by their files, and everybody else nothing of it.
    assert "Reading a file" not in _text(office(alice).get("/office/"))
    assert "Reading a file" not in _text(office(people.a_user("ivy", role="accountant")).get("/office/"))


def test_what_the_office_asks_for_is_asked_by_somebody(office: Office, dave: User, campus: Campus) -> None:
    answer = office(dave).post("/office/imports/", {"file": SimpleUploadedFile("staff.csv", b"Staff number\n1\n")})
    assert answer.status_code == 302
    with outside_schools():
        assert Job.objects.get(task=read_import.name).meta["user"] == dave.audit_id


def test_every_job_that_people_can_wait_for_has_a_name() -> None:
    tracked = {each.name for each in registry.tasks() if each.tracked and each.origin.startswith("apps.")}
    assert tracked == set(jobs_with_names())


def _write(statement: str) -> None:
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute(statement)
