"""Attendance follows its student: into the record that is kept, and into another section."""

from __future__ import annotations

import datetime as dt

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendanceChange, AttendanceRecord, DailyAttendance, Leave
from apps.attendance.services import Entry
from apps.students.models import Student
from apps.students.services import merge_students, move_section
from apps.students.services.merging import Moved
from tests.factories.people import SCHOOL_DAY, Campus, some_students, students_in
from tests.factories.rolls import take

ONE_DAY = dt.timedelta(days=1)


def test_records_move_with_the_enrolment(campus: Campus, alice: User, dave: User) -> None:
    section = campus.sections["7 C"]
    keep = some_students(1, institution=campus.institution)[0]
    duplicate = students_in(section)[0]
    sheet = take(section, {duplicate: "A"}, by=alice)
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert outcome.by_kind["attendance"] == Moved(1, 0)
    assert set(sheet.records.values_list("student_id", flat=True)) == {each.pk for each in students_in(section)}
    assert DailyAttendance.objects.get(student=keep).state == "absent"
    assert not DailyAttendance.objects.filter(student=duplicate).exists()
    told = AttendanceChange.objects.filter(session=sheet, by=None).order_by("id").values_list("student_id", "after")
    assert list(told) == [(duplicate.pk, None), (keep.pk, {"code": "A", "teacher_code": "A"})]
    assert take(section, {keep: "A"}, by=alice, version=1).records.count() == 3


def test_where_both_were_on_a_roll_each_keeps_its_record(campus: Campus, alice: User, dave: User) -> None:
    keep, duplicate, *_ = students_in(campus.section)
    sheet = take(campus.section, {duplicate: "A"}, by=alice, day=SCHOOL_DAY - ONE_DAY)
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert outcome.by_kind["attendance"] == Moved(0, 1)
    assert sheet.records.filter(student=duplicate).exists()


def test_the_office_s_words_move_where_the_kept_record_has_none(campus: Campus, dave: User) -> None:
    keep, duplicate, *_ = students_in(campus.section)

    def absent(student: Student, day: dt.date) -> None:
        services.enter_at_desk(student=student.sourced_id, day=day, entry=Entry(code="S"), by=dave)
        services.request_leave(student=student.sourced_id, starts_on=day, ends_on=day, reason="x", by=dave)

    absent(keep, SCHOOL_DAY)
    absent(duplicate, SCHOOL_DAY)
    absent(duplicate, SCHOOL_DAY - ONE_DAY)
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert (outcome.by_kind["desk_entries"], outcome.by_kind["leave"]) == (Moved(1, 1), Moved(1, 1))
    assert Leave.objects.filter(student=keep).count() == 2


def test_after_a_move_the_day_belongs_to_the_new_section(campus: Campus, alice: User, dave: User) -> None:
    amina = students_in(campus.section)[0]
    for day in (SCHOOL_DAY - ONE_DAY, SCHOOL_DAY):
        take(campus.section, by=alice, day=day)
    move_section(student=amina, section=campus.sections["7 C"], on=SCHOOL_DAY, by=dave)
    sections = DailyAttendance.objects.filter(student=amina).order_by("day").values_list("section__name", flat=True)
    assert list(sections) == ["B", "C"]
    assert AttendanceRecord.objects.filter(student=amina).count() == 2
