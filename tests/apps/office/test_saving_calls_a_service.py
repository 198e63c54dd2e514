"""Saving in the office: the service decides, what it refuses comes back on the form, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.access.permissions import CODES
from apps.accounts.models import User
from apps.institutions.models import Course, GradeLevel, Section
from apps.staff.models import StaffMember
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.audit.models import AuditEntry
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.rolls import take

Office = Callable[..., Any]


def _student(campus: Campus) -> tuple[Student, dict[str, Any]]:
    row = people.students_in(campus.section)[0]
    names = ("admission_number", "given_name", "middle_name", "family_name", "preferred_name", "sex", "email", "phone")
    said = {name: getattr(row, name) for name in names}
    return row, {**said, "address": "", "birth_date": row.birth_date.isoformat(), "seen_version": row.version}


def test_a_course_is_added_changed_and_removed_and_the_trail_tells(office: Office, dave: User, campus: Campus) -> None:
    browser, lists = office(dave), "/office/institutions/course/"
    said = {"institution": campus.institution.pk, "code": "ART", "title": "Art", "subject": "", "subject_code": ""}
    assert browser.post(f"{lists}add/", said).status_code == 302
    course = Course.objects.get(code="ART")
    assert browser.post(f"{lists}{course.pk}/change/", {**said, "title": "Fine art"}).status_code == 302
    course.refresh_from_db()
    assert course.title == "Fine art"
    assert browser.post(f"{lists}{course.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Course.objects.filter(code="ART").exists()
    actions = (
        AuditEntry.objects.filter(object_id=str(course.sourced_id)).order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["institutions.course-added", "institutions.course-changed", "institutions.course-removed"]


def test_a_refusal_stands_on_its_field_with_what_to_do_and_loses_nothing(
    office: Office, dave: User, campus: Campus
) -> None:
    row, said = _student(campus)
    other = people.students_in(campus.section)[1]
    answer = office(dave).post(
        f"/office/students/student/{row.pk}/change/",
        {**said, "admission_number": other.admission_number, "phone": "0123 typed"},
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"admission_number"}
    assert "0123 typed" in page
    row.refresh_from_db()
    assert row.phone == ""


def test_somebody_who_was_faster_is_shown_and_not_overwritten(office: Office, dave: User, campus: Campus) -> None:
    row, said = _student(campus)
    browser, address = office(dave), f"/office/students/student/{row.pk}/change/"
    assert browser.post(address, {**said, "phone": "111"}).status_code == 302
    late = browser.post(address, {**said, "phone": "222"})
    page = late.content.decode()
    assert "111" in page
    assert "222" in page
    row.refresh_from_db()
    assert row.phone == "111"
    # What comes back knows the new version: saving once more is a decision.
    form = late.context["adminform"].form
    knowing = {**said, "phone": "222", "seen_version": form["seen_version"].value()}
    assert browser.post(address, knowing).status_code == 302
    row.refresh_from_db()
    assert row.phone == "222"


def test_a_medical_note_is_not_sent_by_who_may_not_see_it(office: Office, campus: Campus) -> None:
    row, said = _student(campus)
    Student.objects.filter(pk=row.pk).update(medical_note="asthma")
    user = people.a_user("mini", role="registrar")
    from apps.access.models import RolePermission  # noqa: PLC0415

    RolePermission.objects.filter(role__code="registrar", permission="students.view_medical").delete()
    browser, address = office(user), f"/office/students/student/{row.pk}/change/"
    assert "asthma" not in browser.get(address).content.decode()
    browser.post(address, {**said, "phone": "9", "medical_note": "none"})
    row.refresh_from_db()
    assert (row.phone, row.medical_note) == ("9", "asthma")


def test_what_is_in_use_cannot_be_removed_and_says_why(office: Office, alice: User, campus: Campus) -> None:
    address = f"/office/institutions/section/{campus.section.pk}/delete/"
    answer = office(alice).post(address, {"post": "yes"}, follow=True)
    assert Section.objects.filter(pk=campus.section.pk).exists()
    assert "memberships" in answer.content.decode()


def test_a_section_can_be_added_for_a_year_and_level(office: Office, dave: User, campus: Campus) -> None:
    level = GradeLevel.objects.get(position=7)
    said = {"year": campus.year.pk, "grade_level": level.pk, "name": "Z", "room": "12", "capacity": "30"}
    assert office(dave).post("/office/institutions/section/add/", said).status_code == 302
    assert Section.objects.get(name="Z").institution_id == campus.institution.pk
    twice = office(dave).post("/office/institutions/section/add/", said)
    assert twice.status_code == 200
    assert Section.objects.filter(name="Z").count() == 1


def test_a_guardian_is_linked_restricted_and_unlinked(office: Office, dave: User, campus: Campus) -> None:
    student = people.students_in(campus.section)[0]
    guardian = Guardian.objects.create(given_name="Gita", family_name="Rao")
    said = {
        "student": student.pk, "guardian": guardian.pk, "relation": "mother", "data_access": "on",
        "contact_priority": "", "channels": ["email"], "restriction_note": "",
    }  # fmt: skip
    browser, lists = office(dave), "/office/students/studentguardian/"
    assert browser.post(f"{lists}add/", said).status_code == 302
    link = StudentGuardian.objects.get(guardian=guardian)
    assert (link.channels, link.contact_priority, link.may_see) == (["email"], 1, True)
    changed = {**said, "contact_priority": "1", "restriction_note": "court order"}
    assert browser.post(f"{lists}{link.pk}/change/", changed).status_code == 302
    link.refresh_from_db()
    assert link.may_see is False
    assert browser.post(f"{lists}{link.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not StudentGuardian.objects.filter(pk=link.pk).exists()


def test_a_roll_is_locked_with_a_reason_and_opened_again_for_a_while(
    office: Office, alice: User, campus: Campus
) -> None:
    roll = take(campus.section, by=alice)
    browser = office(alice)
    address = f"/office/attendance/attendancesession/{roll.pk}/act/"
    assert browser.post(f"{address}lock/", {"reason": ""}).status_code == 422
    assert browser.post(f"{address}lock/", {"reason": "sent to the ministry"}).status_code == 302
    roll.refresh_from_db()
    assert (roll.state, roll.locked_reason) == ("locked", "sent to the ministry")
    assert browser.post(f"{address}reopen/", {"reason": "a mistake", "hours": 2}).status_code == 302
    roll.refresh_from_db()
    assert roll.state == "reopened"


def test_an_act_asks_for_its_own_permission(office: Office, dave: User, alice: User, campus: Campus) -> None:
    roll = take(campus.section, by=alice)
    answer = office(dave).post(f"/office/attendance/attendancesession/{roll.pk}/act/lock/", {"reason": "x"})
    assert answer.status_code == 403
    assert "“Lock and re-open rolls”" in answer.content.decode()
    assert "attendance.lock" in CODES


def test_somebody_who_left_is_ended_and_let_back_in(office: Office, dave: User, bob: User) -> None:
    browser, address = office(dave), f"/office/accounts/user/{bob.pk}/act/"
    teacher = office(bob)
    assert browser.post(f"{address}deactivate/", {"reason": "moved away"}).status_code == 302
    assert teacher.get("/office/").status_code == 302
    assert browser.post(f"{address}activate/").status_code == 302
    bob.refresh_from_db()
    assert bob.is_active


def test_staff_are_added_with_a_number_of_their_own(office: Office, dave: User, campus: Campus) -> None:
    said = {"institution": campus.institution.pk, "staff_number": "S1", "given_name": "Ana"}
    browser = office(dave)
    assert browser.post("/office/staff/staffmember/add/", said).status_code == 302
    twice = browser.post("/office/staff/staffmember/add/", said)
    assert twice.context["adminform"].form.errors.keys() == {"staff_number"}
    assert StaffMember.objects.filter(staff_number="S1").count() == 1


def test_the_history_of_a_row_is_its_trail(office: Office, erin: User, campus: Campus) -> None:
    row, said = _student(campus)
    browser = office(erin)
    browser.post(f"/office/students/student/{row.pk}/change/", {**said, "phone": "4711"})
    page = browser.get(f"/office/students/student/{row.pk}/history/").content.decode()
    assert "<td>Changed</td>" in page
    assert "4711" in page
