"""Reads of students and rosters. A roster is always as of a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from apps.institutions.models import CourseClass, Section
from apps.students.models import ClassEnrolment, SectionMembership


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


def section_of(student_id: int, day: dt.date) -> int | None:
    """The key of the section a student belongs to on ``day``."""
    found: int | None = (
        SectionMembership.objects.filter(student=student_id).on(day).values_list("section_id", flat=True).first()
    )
    return found
