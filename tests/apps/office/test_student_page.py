"""A student's page, and what is done from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.students import services
from apps.students.models import Enrolment, SectionMembership, Student, StudentGuardian
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


@pytest.fixture
def student(campus: Campus, carol: User) -> Student:
    """The first of 7 B: Carol's child, with a medical note."""
    found = people.students_in(campus.section)[0]
    Student.objects.filter(pk=found.pk).update(medical_note="Peanuts")
    people.a_guardian("uncle", of=[found], restriction_note="Court order 17")
    return found


def _page(office: Office, user: User, student: Student) -> Any:
    return office(user).get(f"/office/student/{student.sourced_id}/")


def test_the_administrator_sees_all_of_it(office: Office, alice: User, erin: User, student: Student) -> None:
    section = SectionMembership.objects.get(student=student).section
    rolls.take(section, {student: "A"}, by=alice)
    services.change_student(student=student, fields={"preferred_name": "Mina"}, expected_version=None, by=erin)
    page = _page(office, erin, student).content.decode()
    for part in ("Carol Rivera", "Peanuts", "Court order 17", "Attendance in 2026/27", "Called: Mina"):
        assert part in page, part
    assert 'class="absent"' in page
    assert "Month by month" in page


def test_a_teacher_sees_no_note_no_restriction_and_no_trail(office: Office, bob: User, student: Student) -> None:
    page = _page(office, bob, student).content.decode()
    assert "Carol Rivera" in page
    for part in ("Peanuts", "Court order", "May see and collect", "What was done to this record", "Withdraw"):
        assert part not in page, part


def test_an_accountant_sees_no_attendance(office: Office, student: Student) -> None:
    page = _page(office, people.a_user("ivy", role="accountant"), student).content.decode()
    assert "Family" in page
    assert "Attendance in" not in page


def test_a_teacher_does_not_find_another_sections_student(office: Office, bob: User, campus: Campus) -> None:
    stranger = people.students_in(campus.sections["7 C"])[0]
    assert _page(office, bob, stranger).status_code == 404
    assert office(bob).get(f"/office/student/{stranger.sourced_id}/photo/").status_code == 404
    for action in ("move", "withdraw", "enrol"):
        assert office(bob).get(f"/office/student/{stranger.sourced_id}/{action}/").status_code == 403


def test_a_student_is_admitted_with_a_guardian(office: Office, dave: User, campus: Campus) -> None:
    said = {
        "given_name": "Zoë", "admission_number": "N1", "sex": "female", "section": campus.section.pk,
        "entry_kind": "new", "on": SCHOOL_DAY.isoformat(), "guardian_given_name": "Ada", "guardian_phone": "1",
        "guardian_relation": "mother",
    }  # fmt: skip
    browser = office(dave)
    answer = browser.post("/office/student/admit/", said)
    admitted = Student.objects.get(admission_number="N1")
    assert answer["Location"] == f"/office/student/{admitted.sourced_id}/"
    assert StudentGuardian.objects.get(student=admitted).relation == "mother"
    assert SectionMembership.objects.get(student=admitted).section == campus.section
    again = browser.post("/office/student/admit/", said)
    assert again.status_code == 422
    assert "N1" in again.content.decode()


def test_a_past_day_wants_a_reason(office: Office, dave: User, campus: Campus, student: Student) -> None:
    browser = office(dave)
    address = f"/office/student/{student.sourced_id}/move/"
    said = {"section": campus.sections["7 C"].pk, "on": (SCHOOL_DAY - dt.timedelta(days=3)).isoformat()}
    refused = browser.post(address, said)
    assert refused.status_code == 422
    assert browser.post(address, {**said, "reason": "Was there all week"}).status_code == 302
    held = SectionMembership.objects.filter(student=student).on(SCHOOL_DAY).get()
    assert held.section == campus.sections["7 C"]


def test_a_student_leaves_and_comes_again(office: Office, dave: User, campus: Campus, student: Student) -> None:
    browser = office(dave)
    base = f"/office/student/{student.sourced_id}/"
    assert "Enrol again" not in browser.get(base).content.decode()
    assert browser.post(f"{base}withdraw/", {"on": SCHOOL_DAY.isoformat(), "exit_kind": "withdrew"}).status_code == 302
    assert Enrolment.objects.get(student=student).exited_on == SCHOOL_DAY
    assert "Enrol again" in browser.get(base).content.decode()
    said = {"section": campus.section.pk, "on": SCHOOL_DAY.isoformat(), "entry_kind": "returned"}
    assert browser.post(f"{base}enrol/", said).status_code == 302
    assert Enrolment.objects.filter(student=student).count() == 2


def test_a_page_costs_the_same_however_long_the_story(
    office: Office, erin: User, alice: User, campus: Campus, student: Student, query_count: Callable[..., Any]
) -> None:
    browser = office(erin)
    address = f"/office/student/{student.sourced_id}/"
    services.move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY, by=erin)
    people.a_guardian(of=[student])
    browser.get(address)
    with query_count() as short:
        browser.get(address)
    for back in range(3):
        rolls.take(campus.section, by=alice, day=SCHOOL_DAY - dt.timedelta(days=back))
    services.move_section(student=student, section=campus.section, on=SCHOOL_DAY, by=erin)
    people.a_guardian(of=[student])
    with query_count() as long:
        browser.get(address)
    # Two of them are the names of what the trail speaks of, one a table.
    assert short.count == long.count == 18
