"""Guardians found or made from a child's page, nobody made a second time, what is planned, and two records made one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.office.people.selectors.merging import compared
from apps.students import errors, services
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.selectors import guardians_like
from tests.apps.office.forms import Form, forms_on
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
ADMIT = "/office/student/admit/"
LATER = SCHOOL_DAY + dt.timedelta(days=12)


def _form(page: Any, having: str) -> Form:
    return next(form for form in forms_on(page.content.decode()) if having in form.kinds)


def _admission(campus: Campus, **more: Any) -> dict[str, Any]:
    child = {"given_name": "Zoë", "family_name": "Bell", "admission_number": "N1", "birth_date": "2014-03-09"}
    place = {"section": campus.section.pk, "entry_kind": "new", "on": SCHOOL_DAY.isoformat()}
    return {**child, **place, "sex": "female", "guardian_relation": "mother", **more}


@pytest.fixture
def child(campus: Campus) -> Student:
    return people.students_in(campus.section)[0]


# --- guardians --------------------------------------------------------------------------------------------------------
def test_a_guardian_is_made_from_the_childs_page(office: Office, dave: User, child: Student) -> None:
    browser = office(dave)
    page = browser.get(f"/office/student/{child.sourced_id}/").content.decode()
    address = f"/office/student/{child.sourced_id}/guardian/"
    assert f'href="{address}"' in page
    said = {"guardian_given_name": "Ada", "guardian_phone": "+44 20 7946 0000", "guardian_relation": "mother"}
    assert browser.post(address, {**said, "emergency_contact": "on"}).status_code == 302
    link = StudentGuardian.objects.get(student=child)
    assert (link.guardian.given_name, link.relation, link.emergency_contact) == ("Ada", "mother", True)
    assert not link.lives_with


@pytest.mark.parametrize(
    "said",
    [
        {"guardian_phone": "020 7946 0000"},
        {"guardian_email": "ADA@example.org"},
        {"guardian_given_name": "ada", "guardian_family_name": "BELL"},
    ],
)
def test_somebody_on_the_books_is_found_by_phone_e_mail_or_name(
    office: Office, dave: User, child: Student, campus: Campus, said: dict[str, str]
) -> None:
    brother = people.students_in(campus.section)[1]
    facts = {"given_name": "Ada", "family_name": "Bell", "phone": "+44 20 7946 0000", "email": "ada@example.org"}
    ada = services.add_guardian(fields=facts, by=dave)
    services.link_guardian(student=brother, guardian=ada, fields={}, by=dave)
    browser, address = office(dave), f"/office/student/{child.sourced_id}/guardian/"
    asked = browser.post(address, {**said, "guardian_relation": "mother"})
    assert asked.status_code == 422
    assert brother.full_name in asked.content.decode()
    again = {**said, "guardian_relation": "mother", "guardian_is": str(ada.sourced_id)}
    assert browser.post(address, again).status_code == 302
    assert StudentGuardian.objects.get(student=child).guardian == ada
    assert Guardian.objects.count() == 1
    # Linked once: the second time says so beside the question.
    assert browser.post(address, again).status_code == 422


def test_somebody_else_of_the_same_name_is_made(office: Office, dave: User, child: Student) -> None:
    services.add_guardian(fields={"given_name": "Ada", "family_name": "Bell"}, by=dave)
    said = {"guardian_given_name": "Ada", "guardian_family_name": "Bell", "guardian_relation": "aunt"}
    browser, address = office(dave), f"/office/student/{child.sourced_id}/guardian/"
    said |= {"guardian_is": "new", "guardian_relation": "other"}
    assert browser.post(address, said).status_code == 302
    assert Guardian.objects.filter(given_name="Ada").count() == 2
    nobody = browser.post(address, {"guardian_relation": "other"})
    assert "Say the name of somebody new" in nobody.content.decode()


def test_nobody_is_told_of_guardians_out_of_reach(office: Office, bob: User, campus: Campus) -> None:
    stranger = people.students_in(campus.sections["7 C"])[0]
    people.a_guardian("far", of=[stranger])
    found = Guardian.objects.get()
    alike = {"given": found.given_name, "family": found.family_name, "phone": found.phone, "email": found.email}
    assert guardians_like(**alike, by=bob, day=SCHOOL_DAY) == []


# --- admitting --------------------------------------------------------------------------------------------------------
def test_a_child_is_not_admitted_twice_unasked(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    assert browser.post(ADMIT, _admission(campus)).status_code == 302
    again = _admission(campus, admission_number="N2", given_name="ZOË")
    asked = browser.post(ADMIT, again)
    assert asked.status_code == 422
    assert "may be on the books already: Zoë Bell (N1" in asked.content.decode()
    assert "another_child" in _form(asked, "given_name").kinds
    assert browser.post(ADMIT, {**again, "birth_date": "2013-01-01"}).status_code == 302
    assert browser.post(ADMIT, {**again, "admission_number": "N3", "another_child": "on"}).status_code == 302
    assert Student.objects.filter(family_name="Bell").count() == 3


def test_a_siblings_mother_is_not_made_a_second_time(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    mother = {"guardian_given_name": "Ada", "guardian_phone": "+44 20 7946 0000"}
    assert browser.post(ADMIT, _admission(campus, **mother)).status_code == 302
    other = _admission(campus, given_name="Yann", admission_number="N2", **mother)
    asked = browser.post(ADMIT, other)
    assert asked.status_code == 422
    assert "Somebody like this is on the books" in asked.content.decode()
    chosen = str(Guardian.objects.get().sourced_id)
    assert browser.post(ADMIT, {**other, "guardian_is": chosen}).status_code == 302
    assert StudentGuardian.objects.filter(guardian__sourced_id=chosen).count() == 2


def test_a_twin_comes_with_what_is_the_same(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    browser.post(ADMIT, _admission(campus, guardian_given_name="Ada", guardian_phone="+44 20 7946 0000"))
    first = Student.objects.get(admission_number="N1")
    address = f"{ADMIT}?sibling={first.sourced_id}"
    assert address in browser.get(f"/office/student/{first.sourced_id}/").content.decode()
    form = _form(browser.get(address), "given_name")
    assert form.said["family_name"] == ["Bell"]
    assert form.said["family"] == [str(Guardian.objects.get().sourced_id)]
    typed = {"given_name": "Yann", "admission_number": "N2", "section": campus.section.pk, "sex": "male"}
    assert browser.post(address, form.said | typed).status_code == 302
    assert [link.relation for link in StudentGuardian.objects.filter(guardian__given_name="Ada")] == ["mother"] * 2


# --- what is planned --------------------------------------------------------------------------------------------------
def _planned(child: Student, campus: Campus, by: User) -> str:
    services.move_section(student=child, section=campus.sections["7 C"], on=LATER, by=by)
    return f"/office/student/{child.sourced_id}/moves/{LATER.isoformat()}/"


def test_a_planned_move_stands_at_the_head_and_is_postponed(
    office: Office, dave: User, child: Student, campus: Campus
) -> None:
    address, browser = _planned(child, campus, dave), office(dave)
    page = browser.get(f"/office/student/{child.sourced_id}/").content.decode()
    assert "Moves to Grade 7 C on Monday, 16 November 2026." in page
    assert address in page
    for on in (LATER + dt.timedelta(days=7), SCHOOL_DAY + dt.timedelta(days=1)):
        assert browser.post(address, {"on": on.isoformat()}).status_code == 302
        rows = SectionMembership.objects.filter(student=child).order_by("starts_on")
        assert [(str(row.section), row.ends_on) for row in rows] == [("Grade 7 B", on), ("Grade 7 C", None)]
        assert rows[1].starts_on == on
        address = f"/office/student/{child.sourced_id}/moves/{on.isoformat()}/"
    assert browser.post(address, {"on": SCHOOL_DAY.isoformat()}).status_code == 422


def test_a_planned_move_is_cancelled(office: Office, dave: User, child: Student, campus: Campus) -> None:
    address, browser = _planned(child, campus, dave), office(dave)
    assert browser.post(address, {"cancel": "1"}).status_code == 302
    row = SectionMembership.objects.get(student=child)
    assert (row.section, row.ends_on) == (campus.section, None)
    assert browser.post(address, {"cancel": "1"}).status_code == 422


def test_a_cancelled_move_needs_the_place_that_was_left(dave: User, child: Student, campus: Campus) -> None:
    _planned(child, campus, dave)
    type(campus.section).objects.filter(pk=campus.section.pk).update(capacity=11)
    with pytest.raises(errors.SectionFull):
        services.change_planned_move(student=child, starts_on=LATER, on=None, by=dave)


def test_a_departure_at_christmas_is_postponed_and_cancelled(
    office: Office, dave: User, child: Student, campus: Campus
) -> None:
    christmas, later = dt.date(2026, 12, 23), dt.date(2027, 1, 31)
    services.withdraw_student(student=child, on=christmas, exit_kind="transferred-out", by=dave)
    browser = office(dave)
    page = browser.get(f"/office/student/{child.sourced_id}/").content.decode()
    assert "not enrolled any more from Wednesday, 23 December 2026" in page
    address = f"/office/student/{child.sourced_id}/leaves/2026-12-23/"
    assert browser.post(address, {"on": later.isoformat()}).status_code == 302
    enrolment = Enrolment.objects.get(student=child)
    assert (enrolment.exited_on, enrolment.exit_kind) == (later, "transferred-out")
    assert SectionMembership.objects.get(student=child).ends_on == later
    address = f"/office/student/{child.sourced_id}/leaves/{later.isoformat()}/"
    assert browser.post(address, {"cancel": "1"}).status_code == 302
    enrolment.refresh_from_db()
    assert (enrolment.exited_on, enrolment.exit_kind) == (None, "")
    assert SectionMembership.objects.get(student=child).ends_on is None


def test_what_has_begun_is_no_plan(dave: User, child: Student, campus: Campus) -> None:
    services.move_section(student=child, section=campus.sections["7 C"], on=SCHOOL_DAY, by=dave)
    with pytest.raises(errors.NothingPlanned):
        services.change_planned_move(student=child, starts_on=SCHOOL_DAY, on=LATER, by=dave)
    with pytest.raises(errors.NothingPlanned):
        services.change_planned_departure(enrolment=Enrolment.objects.get(student=child), on=None, by=dave)


# --- two records of one child -----------------------------------------------------------------------------------------
def test_two_records_are_found_compared_and_made_one(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    browser.post(ADMIT, _admission(campus))
    browser.post(ADMIT, _admission(campus, admission_number="N2", another_child="on"))
    one, two = Student.objects.filter(family_name="Bell").order_by("admission_number")
    address = f"/office/student/{one.sourced_id}/merge/"
    assert address in browser.get(f"/office/student/{one.sourced_id}/").content.decode()
    assert f"?other={two.sourced_id}" in browser.get(address).content.decode()
    assert f"?other={two.sourced_id}" in browser.get(f"{address}?q=N2").content.decode()
    both = browser.get(f"{address}?other={two.sourced_id}").content.decode()
    assert "<strong>N2</strong>" in both
    assert browser.post(f"{address}?other={two.sourced_id}", {}).status_code == 422
    merged = browser.post(f"{address}?other={two.sourced_id}", {"reason": "Admitted twice"})
    assert merged["Location"] == f"/office/student/{one.sourced_id}/"
    two.refresh_from_db()
    assert two.merged_into == one


def test_a_record_is_not_merged_with_itself_nor_by_a_teacher(
    office: Office, dave: User, bob: User, child: Student
) -> None:
    address = f"/office/student/{child.sourced_id}/merge/"
    itself = office(dave).post(f"{address}?other={child.sourced_id}", {"reason": "x"})
    assert itself.status_code == 422
    assert office(bob).get(address).status_code == 403


def test_a_guardian_whom_a_restriction_withholds_is_not_counted_out(
    dave: User, bob: User, child: Student, campus: Campus
) -> None:
    other = people.students_in(campus.section)[1]
    StudentGuardian.objects.filter(student__in=(child, other)).delete()
    barred = Guardian.objects.create(given_name="Max", phone="+44 1")
    StudentGuardian.objects.create(student=other, guardian=barred, restriction_note="Court order", contact_priority=1)

    def told(by: User) -> list[tuple[str, str]]:
        lines = compared(child, other, by=by, day=SCHOOL_DAY)
        return [(one, two) for title, one, two, _differ in lines if title == "Guardians"]

    assert (told(dave), told(bob)) == ([("0", "1")], [("0", "0")])
