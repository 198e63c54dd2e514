"""A family as one page: brothers and sisters, who is responsible for them, and one entry for all who are ill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import RolePermission
from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, DailyAttendance, Leave
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.audit.models import AuditEntry
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus
from tests.support.kept import kept

Office = Callable[..., Any]
THURSDAY = SCHOOL_DAY + dt.timedelta(days=1)


@pytest.fixture
@kept
def children(campus: Campus) -> list[Student]:
    """Of one mother: one in 7 B, one in 7 C."""
    found = [people.students_in(campus.section)[0], people.students_in(campus.sections["7 C"])[1]]
    people.a_guardian("mona", of=found)
    return found


def _address(student: Student) -> str:
    return f"/office/student/{student.sourced_id}/family/"


def _ill(*students: Student, **other: str) -> dict[str, Any]:
    return {
        "students": [str(each.sourced_id) for each in students],
        "starts_on": SCHOOL_DAY.isoformat(),
        "ends_on": THURSDAY.isoformat(),
        "code": AttendanceCode.objects.filter(state="absent", excused=True)[0].code,
        "reason": "Ill",
        **other,
    }  # fmt: skip


def test_brothers_and_sisters_and_whom_they_share(office: Office, dave: User, children: list[Student]) -> None:
    browser = office(dave)
    assert "The whole family" in browser.get(f"/office/student/{children[0].sourced_id}/").content.decode()
    page = browser.get(_address(children[0])).content.decode()
    for each in (*(str(child.sourced_id) for child in children), "Mona Rivera", "Grade 7 B", "Grade 7 C"):
        assert each in page, each


def test_both_are_ill_until_thursday_by_one_entry_and_approved_at_once(
    office: Office, dave: User, alice: User, campus: Campus, children: list[Student]
) -> None:
    rolls.take(campus.section, by=alice)
    browser, address = office(dave), _address(children[1])
    answer = browser.post(address, _ill(*children))
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert "on leave until Thursday, 5 November 2026." in browser.get(address).content.decode()
    assert {(each.student_id, each.state, each.ends_on) for each in Leave.objects.all()} == {
        (child.pk, "approved", THURSDAY) for child in children
    }
    # A roll that was taken follows.
    assert DailyAttendance.objects.get(student=children[0], day=SCHOOL_DAY).state == "absent"
    actions = AuditEntry.objects.filter(action__startswith="attendance.leave-").values_list("action", flat=True)
    assert sorted(actions) == sorted(["attendance.leave-requested", "attendance.leave-approved"] * 2)


def test_who_may_not_decide_asks_for_it(office: Office, dave: User, children: list[Student]) -> None:
    RolePermission.objects.filter(role__code="registrar", permission="leave.decide").delete()
    browser = office(dave)
    browser.post(_address(children[0]), _ill(*children))
    assert set(Leave.objects.values_list("state", flat=True)) == {"requested"}
    assert "leave until Thursday, 5 November 2026 is asked for." in browser.get(_address(children[0])).content.decode()


def test_who_may_not_ask_for_leave_sees_the_family_alone(office: Office, dave: User, children: list[Student]) -> None:
    RolePermission.objects.filter(role__code="registrar", permission="leave.request").delete()
    browser = office(dave)
    page = browser.get(_address(children[0])).content.decode()
    assert "Mona Rivera" in page
    assert "Ill, or on leave" not in page
    assert browser.post(_address(children[0]), _ill(*children)).status_code == 403
    assert not Leave.objects.exists()


def test_all_of_it_or_none(office: Office, dave: User, children: list[Student]) -> None:
    browser = office(dave)
    browser.post(_address(children[0]), _ill(children[1]))
    answer = browser.post(_address(children[0]), _ill(*children))
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert Leave.objects.count() == 1


@pytest.mark.parametrize("other", [{"ends_on": "2026-11-03"}, {"students": []}, {"code": "P"}, {"reason": ""}])
def test_what_cannot_be_is_said_at_its_field(
    office: Office, dave: User, children: list[Student], other: dict[str, Any]
) -> None:
    answer = office(dave).post(_address(children[0]), _ill(*children, **other))
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not Leave.objects.exists()


def test_a_child_of_another_family_is_not_entered_with_these(
    office: Office, dave: User, campus: Campus, children: list[Student]
) -> None:
    stranger = people.students_in(campus.section)[5]
    assert office(dave).post(_address(children[0]), _ill(stranger)).status_code == 422
    assert not Leave.objects.exists()


def test_who_is_barred_from_a_child_ties_nobody_together_but_for_who_may_know(
    office: Office, dave: User, bob: User, children: list[Student]
) -> None:
    StudentGuardian.objects.filter(student=children[0]).update(restriction_note="Court order")
    assert "Mona" in office(dave).get(_address(children[0])).content.decode()
    page = office(bob).get(_address(children[0])).content.decode()
    assert "Mona" not in page
    assert str(children[1].sourced_id) not in page


def test_a_teacher_sees_the_children_they_reach(office: Office, bob: User, children: list[Student]) -> None:
    page = office(bob).get(_address(children[0])).content.decode()
    assert "Mona Rivera" in page
    assert str(children[1].sourced_id) not in page
    assert office(bob).get(_address(children[1])).status_code in {403, 404}


def test_no_more_queries_for_a_larger_family(
    office: Office, dave: User, campus: Campus, children: list[Student]
) -> None:
    browser = office(dave)
    browser.get(_address(children[0]))
    with CaptureQueriesContext(connection) as few:
        browser.get(_address(children[0]))
    mona = Guardian.objects.get(given_name="Mona")
    StudentGuardian.objects.bulk_create(
        StudentGuardian(student=each, guardian=mona, relation="mother", contact_priority=9)
        for each in people.students_in(campus.section)[3:8]
    )
    with CaptureQueriesContext(connection) as many:
        browser.get(_address(children[0]))
    assert len(few) == len(many)
