"""Rows of a list are ticked, looked at and changed at once, by the service that changes one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import Role
from apps.accounts.models import User
from apps.institutions.models import Section
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.site import office as office_site
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Enrolment, Guardian, SectionMembership, StudentGuardian
from apps.students.services import change_guardian, re_enrol_student, withdraw_student
from apps.students.services.books import put_on_books
from apps.students.services.placing import Placement, SectionPlace
from schoolops.audit.models import AuditEntry
from tests.factories import people
from tests.factories.people import Campus

Office = Callable[..., Any]
GUARDIANS = "/office/students/guardian/"
STUDENTS = "/office/students/student/"


@pytest.fixture
def dave(campus: Campus) -> User:
    return people.a_user("dave", role="registrar")


@pytest.fixture
def mothers(campus: Campus) -> list[Guardian]:
    """Three guardians; one has Arabic already."""
    for number, child in enumerate(people.students_in(campus.section)[:3]):
        guardian = Guardian.objects.create(given_name=f"G{number}", language="ar" if number == 2 else "en")
        StudentGuardian.objects.create(student=child, guardian=guardian, contact_priority=9)
    return list(Guardian.objects.filter(given_name__startswith="G").order_by("pk"))


def looked_at(office: Office, by: User, address: str, rows: list[Any], **said: Any) -> tuple[str, str]:
    """The page that shows what would change, and its mark of the rows."""
    asked = office(by).post(f"{address}many/", {"row": [row.pk for row in rows]})
    assert asked.status_code == 200, asked.content
    marks = marks_of(asked.content.decode())
    answer = office(by).post(f"{address}many/", {"rows": marks, "step": "look", **said})
    return answer.content.decode(), marks


def marks_of(page: str) -> str:
    found = re.search(r'name="rows" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_a_list_has_boxes_for_who_may_change_and_for_nobody_else(office: Office, dave: User, mothers: Any) -> None:
    page = office(dave).get(GUARDIANS).content.decode()
    assert f'name="row" value="{mothers[0].pk}" aria-label="G0"' in page
    assert "Change the ticked" in page
    teacher = people.a_user("tess", role="head")
    assert 'name="row"' not in office(teacher).get(GUARDIANS).content.decode()
    assert office(teacher).post(f"{GUARDIANS}many/", {"row": [mothers[0].pk]}).status_code == 403


def test_it_is_looked_at_and_then_done_as_one_act(office: Office, dave: User, mothers: Any) -> None:
    page, marks = looked_at(office, dave, GUARDIANS, mothers, language="ar", reason="Asked on the phone")
    assert "2 would change, 1 are so already, 0 are left out." in page
    assert "changes; until now: en" in page
    assert Guardian.objects.filter(language="ar").count() == 1
    assert not AuditEntry.objects.filter(action="students.guardian-changed").exists()
    said = {"rows": marks, "step": "apply", "language": "ar", "reason": "Asked on the phone"}
    answer = office(dave).post(f"{GUARDIANS}many/", said, follow=True)
    assert "Guardians\u2069: 2 are changed." in answer.content.decode()
    assert Guardian.objects.filter(language="ar").count() == 3
    lines = AuditEntry.objects.filter(action="students.guardian-changed")
    assert [line.reason for line in lines] == ["Asked on the phone"] * 2


def test_who_was_changed_meanwhile_is_left_out_and_named(office: Office, dave: User, mothers: Any) -> None:
    _page, marks = looked_at(office, dave, GUARDIANS, mothers, language="ar")
    change_guardian(guardian=mothers[0], fields={"language": "fr"}, expected_version=None, by=dave)
    said = {"rows": marks, "step": "apply", "language": "ar"}
    page = office(dave).post(f"{GUARDIANS}many/", said, follow=True).content.decode()
    assert "\u2068G1\u2069 is changed." in page
    assert "G0: Somebody changed this after you looked." in page
    found = Guardian.objects.filter(given_name__startswith="G").order_by("pk").values_list("language", flat=True)
    assert list(found) == ["fr", "ar", "ar"]


def test_all_that_a_filter_shows(office: Office, dave: User, mothers: Any) -> None:
    asked = office(dave).post(f"{GUARDIANS}many/?q=G1", {"all": "1"})
    page = asked.content.decode()
    assert "1 row is to change" in page
    assert f'href="{GUARDIANS}?q=G1"' in page
    assert marks_of(page) == f"{mothers[1].pk}.1"


def test_nothing_said_is_asked_for_and_two_things_are_done_one_after_the_other(
    office: Office, dave: User, campus: Campus
) -> None:
    rows = people.students_in(campus.section)[:1]
    page, marks = looked_at(office, dave, STUDENTS, rows)
    assert "Say what is to change." in page
    section = people.another_section(campus, "7 D")
    said = {"rows": marks, "step": "look", "section": section.pk, "on": "2026-11-05", "phone": "1"}
    assert "That is two things" in office(dave).post(f"{STUDENTS}many/", said).content.decode()


def test_children_move_to_another_section_and_who_cannot_is_left_out(
    office: Office, dave: User, campus: Campus
) -> None:
    rows = people.students_in(campus.section)[:3]
    section = people.another_section(campus, "7 D", capacity=2)
    said = {"section": section.pk, "on": "2026-11-05"}
    page, marks = looked_at(office, dave, STUDENTS, rows, **said)
    assert "2 would change, 0 are so already, 1 are left out." in page
    assert "has 2 seats and all are taken" in page
    office(dave).post(f"{STUDENTS}many/", {"rows": marks, "step": "apply", **said})
    assert SectionMembership.objects.filter(section=section).count() == 2


def test_who_was_moved_meanwhile_is_not_moved_again(office: Office, dave: User, campus: Campus) -> None:
    rows = people.students_in(campus.section)[:2]
    to, other = people.another_section(campus, "7 D"), people.another_section(campus, "7 E")
    said = {"section": to.pk, "on": "2026-11-05"}
    _page, marks = looked_at(office, dave, STUDENTS, rows, **said)
    put_on_books([SectionPlace(rows[0], other, dt.date(2026, 11, 5))], by=dave).all()
    office(dave).post(f"{STUDENTS}many/", {"rows": marks, "step": "apply", **said})
    assert list(SectionMembership.objects.filter(section=to).values_list("student", flat=True)) == [rows[1].pk]


def test_what_guardians_may_see_is_changed_for_many(office: Office, dave: User, mothers: Any) -> None:
    links = list(StudentGuardian.objects.filter(guardian__in=mothers))
    address = "/office/students/studentguardian/"
    _page, marks = looked_at(office, dave, address, links, receives_invoices="1", channels=["sms"])
    said = {"rows": marks, "step": "apply", "receives_invoices": "1", "channels": ["sms"]}
    office(dave).post(f"{address}many/", said)
    found = StudentGuardian.objects.filter(guardian__in=mothers).values_list("receives_invoices", "channels")
    assert list(found) == [(True, ["sms"])] * 3


def test_a_restriction_that_one_may_not_see_is_changed_by_nobody_else(office: Office, dave: User, mothers: Any) -> None:
    Role.objects.get(code="registrar").permissions.filter(permission="students.view_custody").delete()
    StudentGuardian.objects.filter(guardian=mothers[0]).update(restriction_note="Court")
    links = list(StudentGuardian.objects.filter(guardian__in=mothers).order_by("pk"))
    asked = office(dave).post("/office/students/studentguardian/many/", {"row": [link.pk for link in links]})
    assert "1 row is no longer there, or not yours." in asked.content.decode()


def test_staff_leave_and_what_they_teach_ends(office: Office, dave: User, campus: Campus) -> None:
    people.a_teacher("bo", of=campus.section)
    bo = StaffMember.objects.get(user__username="bo")
    address = "/office/staff/staffmember/"
    _page, marks = looked_at(office, dave, address, [bo], ends_on="2026-12-01")
    office(dave).post(f"{address}many/", {"rows": marks, "step": "apply", "ends_on": "2026-12-01"})
    assert str(TeachingAssignment.objects.get(staff=bo).ends_on) == "2026-12-01"


def test_few_and_many_cost_the_same(office: Office, dave: User, mothers: Any) -> None:
    def looking(rows: list[Any]) -> int:
        asked = office(dave).post(f"{GUARDIANS}many/", {"row": [row.pk for row in rows]})
        said = {"rows": marks_of(asked.content.decode()), "step": "look", "phone": "77"}
        with CaptureQueriesContext(connection) as counted:
            office(dave).post(f"{GUARDIANS}many/", said)
        return len(counted)

    assert looking(mothers[:1]) == looking(mothers)


def test_more_than_are_changed_at_once_are_refused(office: Office, dave: User, campus: Campus) -> None:
    answer = office(dave).post(f"{STUDENTS}many/", {"row": [*range(1, 502)]}, follow=True)
    assert "These are more than 500" in answer.content.decode()


def test_each_list_whose_rows_can_be_changed_changes_many_or_says_why_not() -> None:
    admins = [admin for admin in office_site._registry.values() if isinstance(admin, ServiceAdmin)]
    assert [type(one).__name__ for one in admins if one.many_change is not None and one.one_at_a_time] == []
    undecided = [one for one in admins if one.change is not None and one.many_change is None and not one.one_at_a_time]
    assert [type(one).__name__ for one in undecided] == []
    assert sorted(str(one.many) for one in admins if one.many_change is not None) == [
        "assignments", "classes", "courses", "enrolments", "guardians", "links of guardians", "logins", "sections",
        "staff", "students",
    ]  # fmt: skip


def test_many_leave_on_a_day_and_who_was_not_enrolled_then_is_left_out(
    office: Office, dave: User, campus: Campus
) -> None:
    rows = list(Enrolment.objects.filter(student__in=people.students_in(campus.section)[:3]).order_by("pk"))
    withdraw_student(student=rows[2].student, on=dt.date(2026, 11, 20), by=dave)
    address = "/office/students/enrolment/"
    said = {"on": "2026-12-01", "exit_kind": "transferred-out", "reason": "The family moves"}
    page, marks = looked_at(office, dave, address, rows, **said)
    assert "2 would change, 0 are so already, 1 are left out." in page
    office(dave).post(f"{address}many/", {"rows": marks, "step": "apply", **said})
    left = Enrolment.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk").values_list("exit_kind", flat=True)
    assert list(left) == ["transferred-out", "transferred-out", "withdrew"]
    lines = AuditEntry.objects.filter(action="students.withdrawn", reason="The family moves")
    assert len(lines) == 2


def test_who_left_meanwhile_does_not_leave_again(office: Office, dave: User, campus: Campus) -> None:
    rows = list(Enrolment.objects.filter(student__in=people.students_in(campus.section)[:2]).order_by("pk"))
    address = "/office/students/enrolment/"
    _page, marks = looked_at(office, dave, address, rows, on="2026-12-01")
    withdraw_student(student=rows[0].student, on=dt.date(2026, 12, 2), by=dave)
    office(dave).post(f"{address}many/", {"rows": marks, "step": "apply", "on": "2026-12-01"})
    found = Enrolment.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    assert [str(row.exited_on) for row in found] == ["2026-12-02", "2026-12-01"]


def test_sections_get_another_capacity(office: Office, campus: Campus) -> None:
    erin = people.a_user("erin", role="administrator")
    rows = [campus.section, people.another_section(campus, "7 D")]
    said = {"capacity": "31", "reason": "Larger rooms"}
    _page, marks = looked_at(office, erin, "/office/institutions/section/", rows, **said)
    office(erin).post("/office/institutions/section/many/", {"rows": marks, "step": "apply", **said})
    assert [line.reason for line in AuditEntry.objects.filter(action="institutions.section-changed")] == [
        "Larger rooms"
    ] * 2
    assert {*Section.objects.filter(pk__in=[row.pk for row in rows]).values_list("capacity", flat=True)} == {31}


def test_logins_are_ended_together_and_ones_own_is_left_out(office: Office, campus: Campus) -> None:
    erin = people.a_user("erin", role="administrator")
    rows = [people.a_user("tess", role="teacher"), people.a_user("tom", role="teacher"), erin]
    said = {"act": "deactivate", "reason": "The year is over"}
    address = "/office/accounts/user/"
    page, marks = looked_at(office, erin, address, rows, **said)
    assert "2 would change, 0 are so already, 1 are left out." in page
    office(erin).post(f"{address}many/", {"rows": marks, "step": "apply", **said})
    found = User.objects.filter(username__in=["tess", "tom", "erin"]).order_by("username")
    assert list(found.values_list("username", "is_active")) == [("erin", True), ("tess", False), ("tom", False)]


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ({"act": "log-out"}, "accounts.logins-ended"),
        ({"act": "new-password"}, "accounts.new-password-required"),
        ({"act": "activate"}, "accounts.user-activated"),
        ({"language": "ar"}, "accounts.user-changed"),
    ],
)
def test_why_is_kept_of_whatever_is_done_with_logins(
    office: Office, campus: Campus, said: dict[str, str], action: str
) -> None:
    erin = people.a_user("erin", role="administrator")
    tess = people.a_user("tess", role="teacher")
    tess.is_active = said.get("act") != "activate"
    tess.save()
    address, said = "/office/accounts/user/", {**said, "reason": "A phone was stolen"}
    _page, marks = looked_at(office, erin, address, [tess], **said)
    office(erin).post(f"{address}many/", {"rows": marks, "step": "apply", **said})
    assert [line.reason for line in AuditEntry.objects.filter(action=action)] == ["A phone was stolen"]


def test_nobody_is_said_to_have_left_without_a_reason(office: Office, campus: Campus) -> None:
    erin = people.a_user("erin", role="administrator")
    tess = people.a_user("tess", role="teacher")
    page, marks = looked_at(office, erin, "/office/accounts/user/", [tess], act="deactivate")
    assert "This field is required." in page
    office(erin).post("/office/accounts/user/many/", {"rows": marks, "step": "apply", "act": "deactivate"})
    tess.refresh_from_db()
    assert tess.is_active


def test_who_left_and_came_back_on_that_day_does_not_leave_again(office: Office, dave: User, campus: Campus) -> None:
    day = dt.date(2026, 12, 1)
    row = Enrolment.objects.filter(student=people.students_in(campus.section)[0]).get()
    withdraw_student(student=row.student, on=day, by=dave)
    again = re_enrol_student(student=row.student, placement=Placement(row.year, row.grade_level, day), by=dave)
    address = "/office/students/enrolment/"
    page, marks = looked_at(office, dave, address, [row], on="2026-12-01")
    assert "0 would change, 0 are so already, 1 are left out." in page
    office(dave).post(f"{address}many/", {"rows": marks, "step": "apply", "on": "2026-12-01"})
    again.refresh_from_db()
    assert again.exited_on is None


def test_more_places_than_a_column_holds_are_refused_on_the_form(office: Office, campus: Campus) -> None:
    erin = people.a_user("erin", role="administrator")
    page, _marks = looked_at(office, erin, "/office/institutions/section/", [campus.section], capacity="40000")
    assert "32767" in page


def test_of_support_no_password_is_asked_for(office: Office, campus: Campus) -> None:
    erin = people.a_user("erin", role="administrator")
    olive = people.a_user("support-olive", role="administrator")
    page, marks = looked_at(office, erin, "/office/accounts/user/", [olive], act="new-password")
    assert "0 would change, 0 are so already, 1 are left out." in page
    office(erin).post("/office/accounts/user/many/", {"rows": marks, "step": "apply", "act": "new-password"})
    olive.refresh_from_db()
    assert not olive.must_change_password
