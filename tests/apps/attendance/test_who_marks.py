"""Whose roll a teacher takes: their own sections and classes, and for one day a colleague's."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import MarksRefused
from apps.attendance.selectors import roll
from apps.staff.models import Substitution
from tests.factories.people import SCHOOL_DAY, Campus, a_class, a_teacher, some_students, students_in
from tests.factories.rolls import key_of, some_periods, take

ONE_DAY = dt.timedelta(days=1)


def test_a_teacher_takes_the_roll_of_their_own_section_only(campus: Campus, bob: User) -> None:
    assert take(campus.sections["7 B"], by=bob).version == 1
    with pytest.raises(OutOfReach):
        take(campus.sections["7 C"], by=bob)
    with pytest.raises(OutOfReach):
        roll(key_of(campus.sections["7 C"]), by=bob)


def test_a_substitute_takes_it_for_one_day(campus: Campus, bob: User) -> None:
    Substitution.objects.create(staff=bob.staff_member, section=campus.sections["7 C"], day=SCHOOL_DAY)
    assert take(campus.sections["7 C"], by=bob).version == 1
    with pytest.raises(OutOfReach):
        take(campus.sections["7 C"], by=bob, day=SCHOOL_DAY - ONE_DAY)


def test_a_teacher_who_left_the_section_has_none_of_its_rolls_left(campus: Campus) -> None:
    teacher = a_teacher(of=campus.section, until=SCHOOL_DAY)
    for day in (SCHOOL_DAY - ONE_DAY, SCHOOL_DAY):
        with pytest.raises(OutOfReach):
            take(campus.section, by=teacher, day=day)
        with pytest.raises(OutOfReach):
            roll(key_of(campus.section, day=day), by=teacher)


def test_whoever_moved_to_another_section_stays_as_they_were_marked(campus: Campus, alice: User, bob: User) -> None:
    yesterday = SCHOOL_DAY - ONE_DAY
    (mover,) = some_students(1, section=campus.section, until=SCHOOL_DAY)
    take(campus.section, {mover: "A"}, by=alice, day=yesterday)
    seen = roll(key_of(campus.section, day=yesterday), by=bob)
    assert mover.sourced_id not in {each["student_id"] for each in seen["records"]}
    marks = [services.Mark(each["student_id"], "L") for each in seen["records"]]
    services.mark_attendance(
        session=key_of(campus.section, day=yesterday), marks=marks, expected_version=seen["version"], by=bob
    )
    now = {
        each["student_id"]: each["code"] for each in roll(key_of(campus.section, day=yesterday), by=alice)["records"]
    }
    assert now.pop(mover.sourced_id) == "A"
    assert set(now.values()) == {"L"}
    # Who is no longer theirs cannot be marked either.
    with pytest.raises(MarksRefused):
        services.mark_attendance(
            session=key_of(campus.section, day=yesterday),
            marks=[*marks, services.Mark(mover.sourced_id, "P")],
            expected_version=seen["version"] + 1,
            by=bob,
        )


def test_a_teacher_of_a_class_takes_its_roll_and_not_the_sections(campus: Campus) -> None:
    period, *_ = some_periods(campus)
    taught = a_class(campus, students=students_in(campus.section)[:4])
    teacher = a_teacher(of=taught)
    assert take(taught, by=teacher, period=period).records.count() == 4
    assert len(roll(key_of(taught, period=period), by=teacher)["records"]) == 4
    with pytest.raises(OutOfReach):
        take(campus.section, by=teacher)


def test_a_guardian_sees_their_own_child_on_the_roll(campus: Campus, alice: User, carol: User) -> None:
    take(campus.section, by=alice)
    seen = roll(key_of(campus.section), by=carol)
    assert [each["student_id"] for each in seen["records"]] == [students_in(campus.section)[0].sourced_id]
