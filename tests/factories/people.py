"""Builders of a school and its people. Alice, Bob, Carol, Dave and Erin are fixtures in ``tests/conftest.py``.

Builders write in bulk: a section of 60 costs as many statements as one of 5. Everything stands around ``SCHOOL_DAY``, a
Wednesday inside the first term; the fixture ``school_day`` stops the clock there.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import (
    ClassEnrolment,
    Enrolment,
    Guardian,
    SectionMembership,
    Student,
    StudentGuardian,
)

# A Wednesday; ten in the morning in London and in UTC.
SCHOOL_DAY = dt.date(2026, 11, 4)
SCHOOL_MOMENT = dt.datetime(2026, 11, 4, 10, 0, tzinfo=dt.UTC)
PASSWORD = "correct horse battery staple"
FIRST_DAY = dt.date(2026, 9, 1)
LAST_DAY = dt.date(2027, 7, 16)

_numbers = itertools.count(1)
_NAMES = (
    ("Amina", "Hassan"), ("Bilal", "Khan"), ("Chloé", "Dubois"), ("Dmitri", "Соколов"), ("Esi", "Mensah"),
    ("Farid", "حداد"), ("Grace", "O’Brien"), ("Haruto", "田中"), ("Ines", "García"), ("Jomo", ""),
    ("Kavya", "शर्मा"), ("Liam", "Ng"), ("Mei", "王"), ("Noor", "Aziz"), ("Olu", "Adébáyò"),
)  # fmt: skip


@cache
def _password() -> str:
    return make_password(PASSWORD)


@dataclass(slots=True)
class Campus:
    """An institution with a year, two terms and the grade levels that tests ask for."""

    institution: Institution
    year: AcademicYear
    terms: list[Term]
    levels: dict[int, GradeLevel]
    sections: dict[str, Section] = field(default_factory=dict)

    @property
    def section(self) -> Section:
        """The first section: 7 B, where nothing else was asked for."""
        return next(iter(self.sections.values()))


def a_school_year(
    *,
    name: str = "",
    timezone: str = "Europe/London",
    starts_on: dt.date = FIRST_DAY,
    ends_on: dt.date = LAST_DAY,
    sections: tuple[str, ...] = ("7 B",),
    state: str = AcademicYear.State.ACTIVE,
) -> Campus:
    """An institution, its year in two terms, and sections named ``7 B``: grade level and letter. No students."""
    number = next(_numbers)
    institution = Institution.objects.create(
        name=name or f"Campus {number}", code=f"C{number}", timezone=timezone, currency="GBP", weekend=[6, 7]
    )
    year = AcademicYear.objects.create(
        institution=institution,
        name=f"{starts_on.year}/{ends_on.year % 100:02}",
        starts_on=starts_on,
        ends_on=ends_on,
        state=state,
    )
    half = starts_on + (ends_on - starts_on) // 2
    terms = Term.objects.bulk_create(
        [
            Term(year=year, name="Autumn", starts_on=starts_on, ends_on=half),
            Term(year=year, name="Spring", starts_on=half + dt.timedelta(days=1), ends_on=ends_on),
        ]
    )
    campus = Campus(institution, year, terms, {})
    for each in sections:
        another_section(campus, each)
    return campus


def a_grade_level(position: int) -> GradeLevel:
    """“Grade 7”; the same one every time, for grade levels belong to the school and not to a campus."""
    level, _ = GradeLevel.objects.get_or_create(
        position=position, defaults={"name": f"Grade {position}", "code": f"{position:02}"}
    )
    found: GradeLevel = level
    return found


def another_section(campus: Campus, name: str, *, capacity: int | None = None) -> Section:
    """One more section of ``campus``: ``7 C`` is of grade level 7."""
    position = int(name.split(maxsplit=1)[0])
    campus.levels.setdefault(position, a_grade_level(position))
    campus.sections[name] = Section.objects.create(
        institution=campus.institution,
        year=campus.year,
        grade_level=campus.levels[position],
        name=name.split()[1],
        capacity=capacity,
    )
    return campus.sections[name]


def a_section(
    size: int = 5, *, campus: Campus | None = None, name: str = "7 B", since: dt.date | None = None
) -> Section:
    """A section with ``size`` students in it since the first day of the year, numbered from 1."""
    campus = campus or a_school_year(sections=())
    section = campus.sections.get(name) or another_section(campus, name)
    some_students(size, section=section, since=since)
    return section


def some_students(
    size: int,
    *,
    section: Section | None = None,
    institution: Institution | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> list[Student]:
    """``size`` students; with a section, enrolled in its year and on its roster from ``since`` to before ``until``."""
    at = section.institution if section else institution
    assert at is not None, "Say where: a section or an institution."
    students: list[Student] = Student.objects.bulk_create(
        Student(
            institution=at,
            admission_number=f"A{number:05}",
            given_name=given,
            family_name=family,
            birth_date=dt.date(2014, 1 + number % 12, 1 + number % 28),
        )
        for number, (given, family) in zip(itertools.islice(_numbers, size), itertools.cycle(_NAMES), strict=False)
    )
    if section is None:
        return students
    begins = since or section.year.starts_on
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            student=student,
            institution=at,
            year_id=section.year_id,
            grade_level_id=section.grade_level_id,
            entered_on=begins,
            exited_on=until,
            exit_kind=Enrolment.Exit.WITHDREW if until else "",
        )
        for student in students
    )
    taken = SectionMembership.objects.filter(section=section).count()
    SectionMembership.objects.bulk_create(
        SectionMembership(
            enrolment=enrolment,
            student_id=enrolment.student_id,
            section=section,
            starts_on=begins,
            ends_on=until,
            roll_number=number,
        )
        for number, enrolment in enumerate(enrolments, start=taken + 1)
    )
    return students


def a_class(campus: Campus, *, title: str = "Mathematics", students: list[Student] | None = None) -> CourseClass:
    """A class of a new course, with ``students`` in it since the first day of the year."""
    number = next(_numbers)
    course = Course.objects.create(institution=campus.institution, code=f"K{number}", title=title)
    taught = CourseClass.objects.create(
        institution=campus.institution, course=course, year=campus.year, code=f"K{number}-1", title=title
    )
    ClassEnrolment.objects.bulk_create(
        ClassEnrolment(course_class=taught, student=student, starts_on=campus.year.starts_on)
        for student in students or ()
    )
    return taught


def a_user(username: str, *, role: str = "", institution: Institution | None = None) -> User:
    """A login with ``PASSWORD`` and this role, at one institution or at all of them."""
    user = User.objects.create(username=username, given_name=username.partition("-")[0].title(), password=_password())
    if role:
        RoleAssignment.objects.create(user=user, role=Role.objects.get(code=role), institution=institution)
    return user


def a_teacher(
    username: str = "",
    *,
    of: Section | CourseClass | None = None,
    institution: Institution | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> User:
    """A teacher with a login, assigned to a section or class from ``since`` (the year's start) to before ``until``."""
    number = next(_numbers)
    username = username or f"teacher-{number}"
    at = of.institution if of else institution
    assert at is not None, "Say where: a section, a class or an institution."
    user = a_user(username, role="teacher")
    member = StaffMember.objects.create(
        institution=at, user=user, staff_number=f"S{number:04}", given_name=user.given_name, family_name="Baker"
    )
    if of is not None:
        TeachingAssignment.objects.create(
            staff=member,
            section=of if isinstance(of, Section) else None,
            course_class=of if isinstance(of, CourseClass) else None,
            starts_on=since or of.year.starts_on,
            ends_on=until,
        )
    return user


def a_guardian(username: str = "", *, of: list[Student], data_access: bool = True, restriction_note: str = "") -> User:
    """A guardian with a login, linked to every student of ``of``."""
    username = username or f"guardian-{next(_numbers)}"
    user = a_user(username, role="guardian")
    guardian = Guardian.objects.create(user=user, given_name=user.given_name, family_name="Rivera")
    taken = dict.fromkeys((student.pk for student in of), 0)
    for student_id, priority in StudentGuardian.objects.filter(student__in=of).values_list(
        "student_id", "contact_priority"
    ):
        taken[student_id] = max(taken[student_id], priority)
    StudentGuardian.objects.bulk_create(
        StudentGuardian(
            student=student,
            guardian=guardian,
            contact_priority=taken[student.pk] + 1,
            data_access=data_access,
            restriction_note=restriction_note,
        )
        for student in of
    )
    return user


def students_in(section: Section) -> list[Student]:
    """Everybody who was ever in ``section``, in the order they came."""
    return list(Student.objects.filter(memberships__section=section).order_by("memberships__id"))


def admission(campus: Campus, **more: Any) -> dict[str, Any]:
    """What admits Wei Ng into the first section, as the API takes it."""
    section = campus.section
    return {
        "institution_id": str(campus.institution.sourced_id),
        "admission_number": "N-1",
        "given_name": "Wei",
        "family_name": "Ng",
        "enrolment": {
            "year_id": str(campus.year.sourced_id),
            "grade_level_id": str(section.grade_level.sourced_id),
            "section_id": str(section.sourced_id),
            "entered_on": SCHOOL_DAY.isoformat(),
        },
        **more,
    }
