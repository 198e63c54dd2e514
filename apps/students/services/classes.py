"""Students in taught classes, from a day to before another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import CourseClass
from apps.students import errors
from apps.students.events import ClassRosterChanged
from apps.students.models import ClassEnrolment, Enrolment, Student
from apps.students.services.placing import refuse_outside_year, refuse_the_past
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError, SchoolOpsError


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
    refuse_the_past(starts_on, today=clock.today(course_class.institution.timezone), reason=reason)
    wanted = [student.pk for student in students]
    rows = {each.pk: each for each in Student.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    reach = access.within_reach(by, "students.manage", "student")
    reached = rows if reach == Q() else set(Student.objects.filter(reach, pk__in=wanted).values_list("pk", flat=True))
    enrolled = dict(
        # Held, so that each place ends when the enrolment does, also if the year is being closed.
        Enrolment.objects.select_for_update()
        .on(starts_on)
        .filter(
            student__in=wanted,
            year=course_class.year_id,
            institution=course_class.institution_id,
        )
        .values_list("student_id", "exited_on")
    )
    there = set(
        ClassEnrolment.objects.not_over(starts_on)
        .filter(course_class=course_class, student__in=wanted)
        .values_list("student_id", flat=True)
    )
    refused: list[tuple[int, SchoolOpsError]] = []
    for number, key in enumerate(wanted):
        if key not in reached:
            refused.append((number, OutOfReach()))
        elif rows[key].merged_into_id is not None:
            refused.append((number, errors.StudentMerged()))
        elif key not in enrolled:
            refused.append((number, errors.WrongClass(title=course_class.title)))
        elif key in there or key in wanted[:number]:
            refused.append((number, errors.AlreadyInClass()))
    if refused:
        raise errors.RowsRefused(errors=[FieldError.of(f"records.{number}.student_id", why) for number, why in refused])
    with explains({"class_enrolment_no_overlap": errors.AlreadyInClass}):
        begun: list[ClassEnrolment] = ClassEnrolment.objects.bulk_create(
            ClassEnrolment(course_class=course_class, student_id=key, starts_on=starts_on, ends_on=enrolled[key])
            for key in wanted
        )
    trail.record_many(
        trail.entry_of(
            by,
            "students.joined-class",
            rows[key],
            after={"class": course_class, "title": course_class.title, "on": starts_on},
            reason=reason,
        )
        for key in wanted
    )
    events.publish(ClassRosterChanged(course_class.pk, tuple(wanted)))
    return begun


@transaction.atomic
def leave_class(
    *, course_class: CourseClass, student: Student, on: dt.date, reason: str = "", by: User
) -> ClassEnrolment:
    """End a student's place in a class: ``on`` is the first day they are no longer taught there.

    Raises:
        PermissionMissing, OutOfReach, PastDay, NotInClass.
    """
    access.require_at(by, "students.manage", course_class.institution)
    refuse_the_past(on, today=clock.today(course_class.institution.timezone), reason=reason)
    Student.objects.select_for_update().get(pk=student.pk)
    place: ClassEnrolment | None = (
        ClassEnrolment.objects.not_over(on)
        .filter(course_class=course_class, student=student)
        .order_by("starts_on")
        .first()
    )
    if place is None:
        raise errors.NotInClass(day=on)
    before = {"ends_on": place.ends_on}
    place.ends_on = max(on, place.starts_on)
    if place.ends_on == place.starts_on:
        place.status = "tobedeleted"
    place.save(update_fields=["ends_on", "status"])
    trail.record(
        by,
        "students.left-class",
        student,
        before=before,
        after={"class": course_class, "title": course_class.title, "on": place.ends_on},
        reason=reason,
    )
    events.publish(ClassRosterChanged(course_class.pk, (student.pk,)))
    return place
