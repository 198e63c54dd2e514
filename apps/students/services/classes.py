"""Students in taught classes, from a day to before another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import CourseClass
from apps.institutions.selectors import today_at
from apps.students import errors
from apps.students.models import ClassEnrolment, Student
from apps.students.services.books import put_on_books
from apps.students.services.changing import Ending, end_places
from apps.students.services.placing import ClassPlace, refuse_outside_year, refuse_the_past


@transaction.atomic
def enrol_in_class(
    *, course_class: CourseClass, students: Sequence[Student], starts_on: dt.date, reason: str = "", by: User
) -> list[ClassEnrolment]:
    """Let these students be taught in this class from ``starts_on`` on: all or none, in a fixed number of queries.

    Each place ends where the student's enrolment ends, if that is known already.

    Raises:
        RowsRefused: with an error per student, named ``records.<row>.student_id``.
        PermissionMissing, OutOfReach, PastDay, NotInYear, YearIsClosed.
    """
    access.require_at(by, "students.manage", course_class.institution)
    refuse_outside_year(course_class.year, starts_on)
    refuse_the_past(starts_on, today=today_at(course_class.institution), reason=reason)
    return put_on_books(
        [ClassPlace(student, course_class, starts_on) for student in students], reason=reason, by=by
    ).all()


@transaction.atomic
def leave_class(
    *, course_class: CourseClass, student: Student, on: dt.date, reason: str = "", by: User
) -> ClassEnrolment:
    """End a student's place in a class: ``on`` is the first day they are no longer taught there.

    Raises:
        PermissionMissing, OutOfReach, PastDay, NotInClass.
    """
    access.require_at(by, "students.manage", course_class.institution)
    place: ClassEnrolment | None = (
        ClassEnrolment.objects.not_over(on)
        .filter(course_class=course_class, student=student)
        .order_by("starts_on")
        .first()
    )
    if place is None:
        raise errors.NotInClass(day=on)
    ended: ClassEnrolment = end_places([Ending(place, max(on, place.starts_on))], reason=reason, by=by).only()
    return ended
