"""What no service would write, the database does not take either."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, AttendanceRecord, AttendanceSession
from schoolops.constraints import violated
from tests.factories.people import SCHOOL_DAY, Campus, a_school_year, students_in
from tests.factories.rolls import some_periods, take
from tests.support.kept import kept


@pytest.fixture
@kept
def sheet(campus: Campus, alice: User) -> AttendanceSession:
    return take(campus.section, by=alice)


def refuses(constraint: str) -> Any:
    class Refusal:
        def __enter__(self) -> None:
            self._savepoint = transaction.atomic()
            self._savepoint.__enter__()

        def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
            if error is None:
                try:
                    with connection.cursor() as cursor:
                        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                except IntegrityError as late:
                    kind, error, trace = type(late), late, late.__traceback__
            self._savepoint.__exit__(kind, error, trace)
            assert isinstance(error, IntegrityError), f"{constraint} let it pass"
            assert violated(error) == constraint
            return True

    return Refusal()


@pytest.mark.parametrize(
    "wrong", [{"day": SCHOOL_DAY - dt.timedelta(days=1)}, {"section": None}, {"institution_id": 999_999}]
)
def test_a_record_that_is_not_its_rolls(sheet: AttendanceSession, wrong: dict[str, Any]) -> None:
    with refuses("attendance_record_follows_session"):
        AttendanceRecord.objects.filter(session=sheet).update(**wrong)


def test_a_record_that_does_not_say_what_its_code_says(sheet: AttendanceSession) -> None:
    with refuses("attendance_state_of_code"):
        AttendanceRecord.objects.filter(session=sheet).update(state="absent")


def test_a_second_record_of_a_student_in_one_roll(sheet: AttendanceSession) -> None:
    record = sheet.records.first()
    record.pk = None
    with refuses("attendance_one_record"):
        record.save(force_insert=True)


def test_a_second_daily_roll_of_a_section(sheet: AttendanceSession) -> None:
    with refuses("attendance_one_session"):
        AttendanceSession.objects.create(
            institution_id=sheet.institution_id, section_id=sheet.section_id, day=sheet.day
        )


def test_a_roll_that_moves(sheet: AttendanceSession) -> None:
    with refuses("attendance_session_stays"):
        AttendanceSession.objects.filter(pk=sheet.pk).update(day=SCHOOL_DAY - dt.timedelta(days=1))


def test_a_roll_in_a_period_or_at_a_campus_of_another(campus: Campus) -> None:
    elsewhere = a_school_year(sections=("8 A",))
    (period,) = some_periods(elsewhere, 1)
    with refuses("attendance_session_of_institution"):
        AttendanceSession.objects.create(
            institution=campus.institution, section=campus.section, day=SCHOOL_DAY, period=period
        )
    with refuses("attendance_session_of_institution"):
        AttendanceSession.objects.create(institution=elsewhere.institution, section=campus.section, day=SCHOOL_DAY)


def test_a_lock_without_a_reason_and_a_reopening_without_an_end(sheet: AttendanceSession) -> None:
    with refuses("attendance_locked_with_reason"):
        AttendanceSession.objects.filter(pk=sheet.pk).update(state="locked")
    with refuses("attendance_reopened_with_reason"):
        AttendanceSession.objects.filter(pk=sheet.pk).update(state="reopened", reopened_reason="x")


@pytest.mark.parametrize("meaning", [{"state": "absent"}, {"excused": True}, {"late": True}, {"code": "Z"}])
def test_a_new_meaning_for_a_code_in_use(sheet: AttendanceSession, meaning: dict[str, Any]) -> None:
    with refuses("attendance_code_in_use"):
        AttendanceCode.objects.filter(code="P").update(**meaning)


def test_a_student_with_attendance_is_not_deleted(campus: Campus, sheet: AttendanceSession) -> None:
    amina = students_in(campus.section)[0].pk
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM students_student WHERE id = %s", [amina])
