"""Reads of students and rosters. A roster is always as of a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F, Func, Q, QuerySet, TextField
from django.db.models.lookups import Contains

from apps.access import selectors as access
from apps.access.selectors import row_scope
from apps.accounts.models import User
from apps.institutions.models import CourseClass, Institution, Section
from apps.students.caches import STUDENT_PROFILE, Profile
from apps.students.models import ClassEnrolment, SectionMembership, Student, StudentGuardian
from schoolops import clock


@dataclass(frozen=True, slots=True)
class OnRoster:
    """A student on a roster. ``pk`` is the key inside, ``id`` the public one; ``roll_number`` is a section's."""

    pk: int
    id: UUID
    admission_number: str
    given_name: str
    middle_name: str
    family_name: str
    preferred_name: str
    roll_number: int | None = None

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.given_name, self.middle_name, self.family_name) if part)


_NAMES = (
    "student_id",
    "student__sourced_id",
    "student__admission_number",
    "student__given_name",
    "student__middle_name",
    "student__family_name",
    "student__preferred_name",
)
_BY_NAME = ("student__family_name", "student__given_name", "student_id")


def members_of(section: Section | int, day: dt.date) -> QuerySet[Any]:
    """The memberships that put students on the roster of ``section`` on ``day``: by roll number, then name."""
    members: QuerySet[Any] = SectionMembership.objects.filter(section=section).on(day)
    return members.order_by(F("roll_number").asc(nulls_last=True), *_BY_NAME)


def attendees_of(course_class: CourseClass | int, day: dt.date) -> QuerySet[Any]:
    """The enrolments that put students on the roster of a class on ``day``, by name."""
    enrolled: QuerySet[Any] = ClassEnrolment.objects.filter(course_class=course_class).on(day)
    return enrolled.order_by(*_BY_NAME)


def roster(section: Section | int, day: dt.date) -> list[OnRoster]:
    """Who belongs to ``section`` on ``day``, in one query: by roll number, then name."""
    return [OnRoster(*row) for row in members_of(section, day).values_list(*_NAMES, "roll_number")]


def taught_in(course_class: CourseClass, day: dt.date) -> Q:
    """Students on the roster of a class on ``day``: its own, and those of the section it is taught to as a whole."""
    enrolled = ClassEnrolment.objects.filter(course_class=course_class).on(day).values("student")
    if course_class.section_id is None:
        return Q(pk__in=enrolled)
    members = SectionMembership.objects.filter(section=course_class.section_id).on(day).values("student")
    return Q(pk__in=enrolled) | Q(pk__in=members)


def class_roster(course_class: CourseClass | int, day: dt.date) -> list[OnRoster]:
    """Who is taught in a class on ``day``, in one query, by name.

    A class that is taught to a section as a whole has that section's roster, and those enrolled in the class besides.
    """
    found = (
        course_class
        if isinstance(course_class, CourseClass)
        else CourseClass.objects.only("pk", "section_id").get(pk=course_class)
    )
    enrolled = attendees_of(found, day).values_list(*_NAMES)
    if found.section_id is None:
        return [OnRoster(*row) for row in enrolled]
    # One statement, and a student who is in both stands on it once.
    both = enrolled.order_by().union(members_of(found.section_id, day).order_by().values_list(*_NAMES))
    return sorted((OnRoster(*row) for row in both), key=lambda each: (each.family_name, each.given_name, each.pk))


def today_for(student: Student) -> dt.date:
    """The calendar day at the student's institution."""
    timezone = Institution.objects.values_list("timezone", flat=True).get(pk=student.institution_id)
    return clock.today(timezone)


def profile_of(student_id: int, day: dt.date, *, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The page of a student (by key) on ``day``, remembered for two minutes; ``read`` gives it anew.

    The same for everybody who reaches the student: whether somebody does must have been asked.
    """
    return msgspec.structs.asdict(STUDENT_PROFILE.get(student_id, day, load=lambda: Profile(**read())))


def section_of(student_id: int, day: dt.date) -> int | None:
    """The key of the section a student belongs to on ``day``."""
    found: int | None = (
        SectionMembership.objects.filter(student=student_id).on(day).values_list("section_id", flat=True).first()
    )
    return found


# --- who reaches whom -------------------------------------------------------------------------------------------------
def _students_in(sections: Q, classes: Q, day: dt.date) -> Q:
    """Students on the rosters of these sections and classes on ``day``. Subqueries: a join would repeat students."""
    there = Section.objects.filter(sections).values("pk")
    taught = CourseClass.objects.filter(classes)
    return (
        Q(pk__in=SectionMembership.objects.filter(section__in=there).on(day).values("student"))
        | Q(pk__in=ClassEnrolment.objects.filter(course_class__in=taught.values("pk")).on(day).values("student"))
        | Q(
            pk__in=SectionMembership.objects.filter(section__in=taught.filter(section__isnull=False).values("section"))
            .on(day)
            .values("student")
        )
    )


@row_scope("teacher", "student")
def students_taught(user: User, day: dt.date) -> Q:
    """The students of the sections and classes that ``user`` teaches or stands in for on ``day``."""
    # Sections and classes are registered by staff, which stands beside us.
    scopes = (access.registered_scope("teacher", "section"), access.registered_scope("teacher", "class"))
    sections, classes = (Q(pk__in=[]) if scope is None else scope(user, day) for scope in scopes)
    return _students_in(sections, classes, day)


@row_scope("guardian", "student")
def children_of(user: User, day: dt.date) -> Q:  # noqa: ARG001 - a scope's signature
    """The students ``user`` is linked to with data access and without a restriction."""
    links = StudentGuardian.objects.filter(guardian__user=user, data_access=True, restriction_note="")
    return Q(pk__in=links.values("student"), merged_into__isnull=True)


@row_scope("student", "student")
def oneself(user: User, day: dt.date) -> Q:  # noqa: ARG001 - a scope's signature
    """The student who logs in as ``user``."""
    return Q(user=user)


def _sections_of(students: Q, day: dt.date) -> Q:
    members = SectionMembership.objects.filter(student__in=Student.objects.filter(students).values("pk")).on(day)
    return Q(pk__in=members.values("section"))


def _classes_of(students: Q, day: dt.date) -> Q:
    enrolled = ClassEnrolment.objects.filter(student__in=Student.objects.filter(students).values("pk")).on(day)
    return Q(pk__in=enrolled.values("course_class")) | Q(
        section__in=Section.objects.filter(_sections_of(students, day)).values("pk")
    )


@row_scope("guardian", "section")
def sections_of_children(user: User, day: dt.date) -> Q:
    """The sections the guardian's children belong to on ``day``."""
    return _sections_of(children_of(user, day), day)


@row_scope("guardian", "class")
def classes_of_children(user: User, day: dt.date) -> Q:
    """The classes the guardian's children are taught in on ``day``."""
    return _classes_of(children_of(user, day), day)


@row_scope("student", "section")
def own_section(user: User, day: dt.date) -> Q:
    """The section a student belongs to on ``day``."""
    return _sections_of(oneself(user, day), day)


@row_scope("student", "class")
def own_classes(user: User, day: dt.date) -> Q:
    """The classes a student is taught in on ``day``."""
    return _classes_of(oneself(user, day), day)


# The expression of the index student_search, column by column.
_SEARCHED = Func(
    *(F(name) for name in ("given_name", "middle_name", "family_name", "preferred_name", "admission_number")),
    function="lower",
    arg_joiner=" || ' ' || ",
    output_field=TextField(),
)


def matching(words: str) -> Q:
    """Students whose names or admission number hold every word of ``words``, served by the index student_search."""
    found = Q()
    for word in words.lower().split():
        found &= Q(Contains(_SEARCHED, word))
    return found
