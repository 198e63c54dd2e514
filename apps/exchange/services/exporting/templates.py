"""The school's rows in the columns of our templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange.models import Import
from apps.exchange.services.exporting.pages import ROSTER, paged
from apps.exchange.services.reading import sheets
from apps.institutions.models import AcademicYear, Institution, Section
from apps.institutions.selectors import school_today
from apps.staff.models import StaffMember
from apps.students.models import (
    Enrolment,
    SectionMembership,
    Student,
    StudentGuardian,
)
from apps.students.selectors import contacts_shown_to, enrolments_that_count
from schoolops.audit import trail


def template_headers(source: str) -> list[str]:
    """The columns of a template, as people read them."""
    return [column.header for column in sheets.TEMPLATES[source]]


def template_pages(*, source: str, by: User) -> Iterator[list[dict[str, Any]]]:
    """The school's rows in the columns of a template, header → value, page by page.

    Raises:
        PermissionMissing.
    """
    access.require_everywhere(by, ROSTER)
    subject = Institution.objects.order_by("pk").first()
    if subject is not None:
        trail.record(by, "exchange.roster-exported", subject, after={"template": source})
    return _guardians(by) if source == Import.Source.GUARDIANS else _TEMPLATES[source]()


def _filled(source: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {column.header: values.get(column.field, "") for column in sheets.TEMPLATES[source]}


def _students() -> Iterator[list[dict[str, Any]]]:
    today = school_today()
    for page in paged(Student.objects.kept().filter(status="active").select_related("institution")):
        there = Enrolment.objects.filter(student__in=page).exclude(year__state=AcademicYear.State.CLOSED)
        enrolments = enrolments_that_count(there, today)
        memberships = {
            row.student_id: row
            for row in SectionMembership.objects.on(today)
            .filter(student__in=page, section__year__state=AcademicYear.State.ACTIVE)
            .select_related("section")
        }
        filled = []
        for each in page:
            values = {name: getattr(each, name) for name in _OWN_FIELDS[Import.Source.STUDENTS]}
            values["institution"] = each.institution.code
            if (enrolment := enrolments.get(each.pk)) is not None:
                values |= {"grade": enrolment.grade_level.code, "entered_on": enrolment.entered_on}
            if (membership := memberships.get(each.pk)) is not None:
                values["section"] = membership.section.name
            filled.append(_filled(Import.Source.STUDENTS, values))
        yield filled


def _guardians(by: User) -> Iterator[list[dict[str, Any]]]:
    shown = contacts_shown_to(by, access.today(by))
    links = StudentGuardian.objects.filter(shown, student__merged_into=None, guardian__status="active")
    for page in paged(links.select_related("student__institution", "guardian")):
        filled = []
        for link in page:
            values = {name: getattr(link.guardian, name) for name in _OWN_FIELDS[Import.Source.GUARDIANS]}
            values |= {
                "student": link.student.admission_number,
                "relation": link.relation,
                "data_access": link.may_see,
                "contact_priority": link.contact_priority,
                "institution": link.student.institution.code,
            }
            filled.append(_filled(Import.Source.GUARDIANS, values))
        yield filled


def _staff() -> Iterator[list[dict[str, Any]]]:
    for page in paged(StaffMember.objects.filter(status="active").select_related("institution")):
        yield [
            _filled(
                Import.Source.STAFF,
                {
                    **{name: getattr(row, name) for name in _OWN_FIELDS[Import.Source.STAFF]},
                    "institution": row.institution.code,
                },
            )
            for row in page
        ]


def _sections() -> Iterator[list[dict[str, Any]]]:
    rows = Section.objects.exclude(year__state=AcademicYear.State.CLOSED)
    for page in paged(rows.select_related("institution", "year", "grade_level")):
        yield [
            _filled(
                Import.Source.SECTIONS,
                {
                    "grade": row.grade_level.code,
                    "name": row.name,
                    "room": row.room,
                    "capacity": row.capacity,
                    "year": row.year.name,
                    "institution": row.institution.code,
                },
            )
            for row in page
        ]


_OWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    Import.Source.STUDENTS: (
        "admission_number", "given_name", "middle_name", "family_name", "preferred_name", "birth_date", "sex", "email",
        "phone", "address",
    ),
    Import.Source.GUARDIANS: ("given_name", "family_name", "email", "phone", "address", "language"),
    Import.Source.STAFF: (
        "staff_number", "given_name", "family_name", "email", "phone", "job_title", "starts_on", "ends_on",
    ),
}  # fmt: skip
_TEMPLATES: Mapping[str, Callable[[], Iterator[list[dict[str, Any]]]]] = {
    Import.Source.STUDENTS: _students,
    Import.Source.STAFF: _staff,
    Import.Source.SECTIONS: _sections,
}
