"""Who is where on a day, as the product's own selectors say it."""

from __future__ import annotations

import datetime as dt

from apps.institutions.models import CourseClass, Section
from apps.students.models import SectionMembership, Student
from apps.students.selectors import members_of, taught_in


def roster(section: Section, day: dt.date) -> list[Student]:
    """Who belongs to ``section`` on ``day``, in order, in one query; each with its ``roll_number`` there."""
    listed = []
    for membership in members_of(section, day).select_related("student"):
        membership.student.roll_number = membership.roll_number
        listed.append(membership.student)
    return listed


def class_roster(taught: CourseClass, day: dt.date) -> list[Student]:
    """Who is taught in a class on ``day``, by name, in one query."""
    return list(Student.objects.filter(taught_in(taught, day)).order_by("family_name", "given_name", "pk"))


def section_of(student_id: int, day: dt.date) -> int | None:
    """The key of the section a student belongs to on ``day``."""
    found = SectionMembership.objects.filter(student=student_id).on(day).values_list("section_id", flat=True).first()
    return None if found is None else int(found)
