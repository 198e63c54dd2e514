"""What the office knows wins, whatever a teacher sends again, and holds for rolls taken later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import (
    AttendanceDayLocked,
    CodeUnknown,
    DeskEntryEmpty,
    NotEnrolledThatDay,
    NothingLeftToCount,
    TimesRefused,
)
from apps.attendance.models import AttendanceChange, DailyAttendance, DeskEntry
from apps.attendance.selectors import roll
from apps.attendance.services import Entry, Mark
from apps.students.models import Student
from apps.timetable.models import Period
from schoolops.audit.models import AuditEntry
from tests.factories.people import SCHOOL_DAY, Campus, some_students, students_in
from tests.factories.rolls import key_of, marks, said_of, some_periods, take


def enter(student: Student, by: User, *, period: Period | None = None, **what: Any) -> DeskEntry:
    return services.enter_at_desk(
        student=student.sourced_id,
        day=SCHOOL_DAY,
        entry=Entry(**what),
        period=period.sourced_id if period else None,
        by=by,
    )


@pytest.fixture
def amina(campus: Campus) -> Student:
    return students_in(campus.section)[0]


def test_a_resubmitted_roll_keeps_the_offices_code(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    sheet = take(campus.section, by=alice)
    enter(amina, dave, code="S")
    take(campus.section, {amina: "A"}, by=alice, version=1)
    said = said_of(amina, sheet)
    assert (said.office_code.code, said.teacher_code.code, said.state, said.excused) == ("S", "A", "absent", True)


def test_it_holds_for_a_roll_taken_later(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    enter(amina, dave, code="S")
    suggested = {each["student_id"]: each["code"] for each in roll(key_of(campus.section), by=alice)["records"]}
    assert suggested[amina.sourced_id] == "S"
    sheet = take(campus.section, by=alice)
    assert said_of(amina, sheet).state == "absent"


def test_a_roll_sent_back_as_it_was_read_is_accepted(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    enter(amina, dave, code="S")
    for version in (0, 1):
        read = roll(key_of(campus.section), by=alice)
        services.mark_attendance(
            session=key_of(campus.section),
            marks=[Mark(each["student_id"], each["code"]) for each in read["records"]],
            expected_version=version,
            by=alice,
        )
    assert AttendanceChange.objects.filter(student=amina).count() == 1


def test_a_late_arrival_turns_absence_into_lateness(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    sheet = take(campus.section, {amina: "A"}, by=alice)
    enter(amina, dave, arrived_at=dt.time(9, 30))
    said = said_of(amina, sheet)
    assert (said.office_code.code, said.state, said.arrived_at) == ("L", "present", dt.time(9, 30))
    day = DailyAttendance.objects.get(student=amina)
    assert (day.state, day.late, day.minutes_missed) == ("present", True, 90)


def test_entering_the_same_twice_changes_nothing(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    take(campus.section, by=alice)
    first = enter(amina, dave, arrived_at=dt.time(9, 30))
    counted = AttendanceChange.objects.count(), AuditEntry.objects.count()
    assert enter(amina, dave, arrived_at=dt.time(9, 30)).pk == first.pk
    assert (AttendanceChange.objects.count(), AuditEntry.objects.count()) == counted


def test_a_departure_is_added_to_an_arrival(amina: Student, dave: User) -> None:
    enter(amina, dave, arrived_at=dt.time(9, 30))
    entry = enter(amina, dave, left_at=dt.time(14))
    assert (entry.code.code, entry.arrived_at, entry.left_at) == ("L", dt.time(9, 30), dt.time(14))


def test_leaving_early_has_its_own_code(amina: Student, dave: User) -> None:
    assert enter(amina, dave, left_at=dt.time(14)).code.code == "D"


def test_who_comes_after_all_is_no_longer_sick_and_the_other_way_round(amina: Student, dave: User) -> None:
    enter(amina, dave, code="S")
    assert enter(amina, dave, arrived_at=dt.time(11)).code.code == "L"
    entry = enter(amina, dave, code="S")
    assert (entry.code.code, entry.arrived_at) == ("S", None)


def test_a_late_arrival_counts_in_the_period_it_falls_in(
    campus: Campus, amina: Student, alice: User, dave: User
) -> None:
    first, second, third = some_periods(campus)
    enter(amina, dave, arrived_at=dt.time(9, 20))
    sheets = [
        take(campus.section, {amina: "A"} if period == first else {}, by=alice, period=period)
        for period in (first, second, third)
    ]
    assert [(said_of(amina, sheet).state, said_of(amina, sheet).office_code) for sheet in sheets[::2]] == [
        ("absent", None),
        ("present", None),
    ]
    assert said_of(amina, sheets[1]).office_code.late


def test_an_entry_for_one_period_leaves_the_others_alone(
    campus: Campus, amina: Student, alice: User, dave: User
) -> None:
    first, second, *_ = some_periods(campus)
    sheets = [take(campus.section, by=alice, period=period) for period in (first, second)]
    enter(amina, dave, period=second, code="S")
    assert [said_of(amina, sheet).state for sheet in sheets] == ["present", "absent"]


def test_taken_back_the_teachers_mark_counts_again(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    sheet = take(campus.section, {amina: "A"}, by=alice)
    entry = enter(amina, dave, arrived_at=dt.time(9, 30))
    services.remove_from_desk(entry=entry.sourced_id, by=dave)
    said = said_of(amina, sheet)
    assert (said.office_code, said.state, said.arrived_at) == (None, "absent", None)
    assert DailyAttendance.objects.get(student=amina).state == "absent"


def test_it_is_not_taken_back_when_no_teacher_has_spoken(
    campus: Campus, amina: Student, alice: User, dave: User
) -> None:
    entry = enter(amina, dave, code="S")
    services.mark_attendance(
        session=key_of(campus.section),
        marks=[
            Mark(each.student_id, "S" if each.student_id == amina.sourced_id else "P") for each in marks(campus.section)
        ],
        expected_version=0,
        by=alice,
    )
    with pytest.raises(NothingLeftToCount):
        services.remove_from_desk(entry=entry.sourced_id, by=dave)


def test_a_locked_roll_is_not_changed_by_the_office_either(
    campus: Campus, amina: Student, alice: User, dave: User
) -> None:
    sheet = take(campus.section, by=alice)
    services.lock_roll(roll=sheet.sourced_id, reason="done", by=alice)
    with pytest.raises(AttendanceDayLocked):
        enter(amina, dave, code="S")


def test_it_refuses_what_cannot_be(campus: Campus, amina: Student, dave: User) -> None:
    with pytest.raises(DeskEntryEmpty):
        enter(amina, dave)
    with pytest.raises(CodeUnknown):
        enter(amina, dave, code="?")
    with pytest.raises(TimesRefused):
        enter(amina, dave, code="S", arrived_at=dt.time(9))
    with pytest.raises(TimesRefused):
        enter(amina, dave, arrived_at=dt.time(9), left_at=dt.time(8))
    (left,) = some_students(1, section=campus.section, until=SCHOOL_DAY)
    with pytest.raises(NotEnrolledThatDay, match=left.given_name):
        enter(left, dave, code="S")


def test_a_teacher_has_no_desk(amina: Student, bob: User) -> None:
    with pytest.raises(PermissionMissing, match=r"attendance\.desk"):
        enter(amina, bob, code="S")


def test_it_takes_as_many_queries_for_one_roll_as_for_many(
    campus: Campus, amina: Student, alice: User, dave: User, query_count: Any
) -> None:
    enter(students_in(campus.section)[1], dave, code="S")
    take(campus.section, by=alice)
    with query_count() as one:
        enter(amina, dave, code="S")
    for period in some_periods(campus):
        take(campus.section, by=alice, period=period)
    with query_count(one.count):
        enter(amina, dave, code="T")


def test_over_http(api: Callable[[User], Any], amina: Student, dave: User) -> None:
    app = api(dave)
    body = {"student_id": str(amina.sourced_id), "day": str(SCHOOL_DAY), "arrived_at": "09:30"}
    made = app.post("desk", body)
    assert (made.status_code, made.json()["code"], made.json()["arrived_at"]) == (201, "L", "09:30:00")
    assert [each["id"] for each in app.get("desk", day=SCHOOL_DAY).json()["results"]] == [made.json()["id"]]
    assert app.delete(f"desk/{made.json()['id']}").status_code == 204
    assert app.get("desk").json()["results"] == []
    assert app.delete(f"desk/{made.json()['id']}").status_code == 404
