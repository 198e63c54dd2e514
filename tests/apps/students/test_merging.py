"""Two records of one child become one."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import Enrolment, Student, StudentGuardian
from apps.students.services import change_student, merge_students
from apps.students.services.merging import Moved
from schoolops.audit.trail import trail_of
from tests.factories.people import SCHOOL_DAY, Campus, a_class, a_guardian, some_students
from tests.factories.rosters import roster

ONE_DAY = dt.timedelta(days=1)


def test_everything_that_does_not_clash_moves(campus: Campus, dave: User) -> None:
    keep = some_students(1, section=campus.sections["7 B"], since=SCHOOL_DAY)[0]
    duplicate = some_students(1, section=campus.sections["7 C"], until=SCHOOL_DAY)[0]
    Student.objects.filter(pk=duplicate.pk).update(phone="12345")
    a_class(campus, students=[duplicate])
    a_guardian(of=[keep], data_access=False)
    a_guardian(of=[duplicate])
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert not any(moved.left for moved in outcome.by_kind.values())
    assert outcome.by_kind["enrolments"] == Moved(1, 0)
    assert keep.pk in {each.pk for each in roster(campus.sections["7 C"], SCHOOL_DAY - ONE_DAY)}
    assert keep.pk in {each.pk for each in roster(campus.sections["7 B"], SCHOOL_DAY)}
    assert list(
        StudentGuardian.objects.filter(student=keep)
        .order_by("contact_priority")
        .values_list("contact_priority", flat=True)
    ) == [1, 2]
    duplicate.refresh_from_db()
    keep.refresh_from_db()
    assert (duplicate.merged_into_id, duplicate.status, keep.phone) == (keep.pk, "tobedeleted", "12345")
    assert trail_of(keep)[0].action == "students.merged"


def test_what_clashes_stays_keeps_its_past_and_ends_today(campus: Campus, dave: User) -> None:
    keep = some_students(1, section=campus.sections["7 B"])[0]
    duplicate = some_students(1, section=campus.sections["7 C"])[0]
    guardian = a_guardian(of=[keep, duplicate]).guardian
    outcome = merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert {kind: moved.left for kind, moved in outcome.by_kind.items() if moved.left} == {
        "enrolments": 1,
        "guardians": 1,
    }
    yesterday, today = SCHOOL_DAY - ONE_DAY, SCHOOL_DAY
    listed = [duplicate.pk in {each.pk for each in roster(campus.sections["7 C"], day)} for day in (yesterday, today)]
    assert listed == [True, False]
    assert Enrolment.objects.get(student=duplicate).exited_on == SCHOOL_DAY
    assert not StudentGuardian.objects.get(student=duplicate, guardian=guardian).may_see


def test_a_merged_record_takes_no_more_changes(campus: Campus, dave: User) -> None:
    keep, duplicate, third = some_students(3, institution=campus.institution)
    merge_students(keep=keep, duplicate=duplicate, by=dave)
    with pytest.raises(errors.StudentMerged):
        change_student(student=duplicate, fields={"given_name": "X"}, expected_version=None, by=dave)
    with pytest.raises(errors.StudentMerged):
        merge_students(keep=third, duplicate=duplicate, by=dave)
    merge_students(keep=third, duplicate=keep, by=dave)
    duplicate.refresh_from_db()
    assert duplicate.merged_into_id == third.pk


def test_it_refuses_itself_and_whoever_may_not(campus: Campus, dave: User, alice: User) -> None:
    one, other = some_students(2, institution=campus.institution)
    with pytest.raises(errors.CannotMergeWithItself):
        merge_students(keep=one, duplicate=one, by=dave)
    with pytest.raises(PermissionMissing):
        merge_students(keep=one, duplicate=other, by=alice)
