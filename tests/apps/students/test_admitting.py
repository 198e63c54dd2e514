"""Taking a child onto the books."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.access.errors import OutOfReach, PermissionMissing
from apps.access.models import Role, RoleAssignment, RolePermission
from apps.access.selectors import roles_held
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import Enrolment, Student, StudentGuardian
from apps.students.services import (
    AdmittedGuardian,
    Placement,
    add_guardian,
    admit_student,
    change_student,
    link_guardian,
)
from schoolops.audit.trail import trail_of
from tests.factories.people import SCHOOL_DAY, Campus, a_guardian, a_school_year, a_user, another_section
from tests.factories.rosters import roster

ONE_DAY = dt.timedelta(days=1)


def place(campus: Campus, name: str = "7 B", **more: Any) -> Placement:
    section = campus.sections[name]
    return Placement(
        **{
            "year": campus.year,
            "grade_level": section.grade_level,
            "section": section,
            "entered_on": SCHOOL_DAY,
            **more,
        }
    )


def admit(campus: Campus, by: User, *, number: str = "N1", **more: Any) -> Student:
    placement = more.pop("placement", None) or place(campus)
    fields = {"admission_number": number, "given_name": "Wei", **more.pop("fields", {})}
    return admit_student(institution=campus.institution, fields=fields, placement=placement, by=by, **more)[0]


def test_a_student_is_on_the_roster_from_that_day(campus: Campus, dave: User) -> None:
    student = admit(campus, dave)
    on = {
        day: student.pk in {each.pk for each in roster(campus.section, day)}
        for day in (SCHOOL_DAY - ONE_DAY, SCHOOL_DAY)
    }
    assert list(on.values()) == [False, True]
    assert [entry.action for entry in trail_of(student)] == ["students.admitted"]


def test_guardians_come_along_in_the_order_they_are_called(campus: Campus, dave: User, carol: User) -> None:
    known = carol.guardian
    student = admit(
        campus,
        dave,
        guardians=[
            AdmittedGuardian(fields={"given_name": "Ana", "phone": "+44 20 7946 0000"}, link={"relation": "mother"}),
            AdmittedGuardian(guardian=known),
        ],
    )
    links = list(StudentGuardian.objects.filter(student=student).order_by("contact_priority"))
    assert [link.guardian.given_name for link in links] == ["Ana", "Carol"]
    assert [link.contact_priority for link in links] == [1, 2]


def test_one_guardian_too_many_and_nothing_is_written(campus: Campus, dave: User, carol: User) -> None:
    before = Student.objects.count()
    with pytest.raises(errors.GuardianAlreadyLinked):
        admit(campus, dave, guardians=[AdmittedGuardian(guardian=carol.guardian)] * 2)
    assert Student.objects.count() == before


def test_an_admission_number_belongs_to_one_student_of_the_institution(campus: Campus, dave: User) -> None:
    admit(campus, dave, number="N1")
    with pytest.raises(errors.AdmissionNumberTaken) as refused:
        admit(campus, dave, number="N1")
    assert "N1" in refused.value.detail
    elsewhere = a_school_year()
    admit(elsewhere, dave, number="N1")


def test_it_refuses_a_day_outside_the_year_and_a_closed_year(campus: Campus, dave: User) -> None:
    with pytest.raises(errors.NotInYear):
        admit(campus, dave, placement=place(campus, entered_on=campus.year.ends_on + ONE_DAY))
    campus.year.state = "closed"
    campus.year.save()
    with pytest.raises(errors.YearIsClosed):
        admit(campus, dave)


def test_it_refuses_a_section_of_another_level(campus: Campus, dave: User) -> None:
    eight = another_section(campus, "8 A")
    with pytest.raises(errors.WrongSection):
        admit(campus, dave, placement=place(campus, section=eight))


def test_a_full_section_takes_nobody(campus: Campus, dave: User) -> None:
    another_section(campus, "7 D", capacity=1)
    admit(campus, dave, number="N1", placement=place(campus, "7 D"))
    with pytest.raises(errors.SectionFull):
        admit(campus, dave, number="N2", placement=place(campus, "7 D"))


def test_the_past_changes_only_with_a_reason(campus: Campus, dave: User) -> None:
    yesterday = place(campus, entered_on=SCHOOL_DAY - ONE_DAY)
    with pytest.raises(errors.PastDay):
        admit(campus, dave, placement=yesterday)
    student = admit(campus, dave, placement=yesterday, reason="The form lay in the drawer.")
    assert trail_of(student)[0].reason == "The form lay in the drawer."


def test_a_teacher_cannot_and_a_registrar_of_another_campus_neither(campus: Campus, bob: User) -> None:
    with pytest.raises(PermissionMissing):
        admit(campus, bob)
    other = a_school_year()
    theirs = a_user("registrar-there", role="registrar", institution=other.institution)
    with pytest.raises(OutOfReach):
        admit(campus, theirs)
    assert admit(other, theirs).institution_id == other.institution.pk


def test_who_may_not_read_a_medical_note_may_not_write_one(campus: Campus, dave: User) -> None:
    clerk = a_user("clerk")
    _hold(clerk, "students.manage", "students.view")
    with pytest.raises(PermissionMissing, match=r"students\.view_medical"):
        admit(campus, clerk, fields={"medical_note": "Nuts"})
    assert admit(campus, dave, fields={"medical_note": "Nuts"}).medical_note == "Nuts"


def test_a_medical_note_is_written_where_it_may_be_read(campus: Campus, dave: User) -> None:
    other = a_school_year()
    clerk = a_user("clerk", role="registrar", institution=other.institution)
    _hold(clerk, "students.manage", "students.view", "guardians.manage")
    student = admit(campus, dave)
    with pytest.raises(OutOfReach):
        admit(campus, clerk, number="N2", fields={"medical_note": "Nuts"})
    with pytest.raises(OutOfReach):
        change_student(student=student, fields={"medical_note": "Nuts"}, expected_version=None, by=clerk)
    assert admit(other, clerk, number="N3", fields={"medical_note": "Nuts"}).medical_note == "Nuts"
    guardian = add_guardian(fields={"given_name": "Ada", "family_name": "Byron"}, by=dave)
    said = {"relation": "mother", "restriction_note": "Court order 17"}
    with pytest.raises(OutOfReach):
        link_guardian(student=student, guardian=guardian, fields=said, by=clerk)


def _hold(user: User, *permissions: str) -> None:
    role = Role.objects.create(code=f"only-{user.username}", name="Only")
    RolePermission.objects.bulk_create(RolePermission(role=role, permission=each) for each in permissions)
    RoleAssignment.objects.create(user=user, role=role)


def test_two_people_cannot_overwrite_each_other(campus: Campus, dave: User) -> None:
    student = admit(campus, dave)
    changed = change_student(student=student, fields={"given_name": "Wei-Lin"}, expected_version=1, by=dave)
    assert changed.version == 2
    with pytest.raises(errors.ChangedMeanwhile, match="version 2"):
        change_student(student=student, fields={"given_name": "Way"}, expected_version=1, by=dave)
    assert change_student(student=student, fields={"given_name": "Wei-Lin"}, expected_version=2, by=dave).version == 2


def test_admitting_costs_the_same_with_one_guardian_or_five(campus: Campus, dave: User, query_count: Any) -> None:
    # Roles are read once per request, not once per admission.
    roles_held(dave)
    spent = []
    for number, size in (("N1", 1), ("N2", 5)):
        known = [a_guardian(of=[]).guardian for _ in range(size)]
        with query_count() as counted:
            admit(campus, dave, number=number, guardians=[AdmittedGuardian(guardian=each) for each in known])
        spent.append(counted.count)
    assert spent[0] == spent[1]
    assert Enrolment.objects.filter(student__admission_number="N2").count() == 1
