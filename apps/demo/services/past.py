"""What was at a demo school before anybody looked: rolls of the last days, and two birthdays this week."""

from __future__ import annotations

import datetime as dt
import random

from django.db import transaction

from apps.access.models import RoleAssignment
from apps.access.permissions import HEAD
from apps.accounts.models import User
from apps.attendance.models import AttendanceSession
from apps.demo.services.rolls import Group, take_rolls
from apps.demo.services.volume import school_days
from apps.institutions.models import AcademicYear, Section
from apps.staff.models import TeachingAssignment
from apps.students.models import SectionMembership, Student
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School

DAYS = 10
# Days from today: one to read first thing, one to come.
BIRTHDAYS = (0, 2)


def recall(school: School) -> None:
    """Take the rolls of the last days of ``school``; nothing where anybody has taken one already."""
    with inside(school), transaction.atomic():
        if AttendanceSession.objects.exists():
            return
        year = AcademicYear.objects.select_related("institution").get(
            institution__code="MAIN", state=AcademicYear.State.ACTIVE
        )
        today = clock.today(year.institution.timezone)
        # The same school has the same past, whenever it is made.
        dice = random.Random(school.slug)  # noqa: S311 - not for secrets
        take_rolls(dice, _groups(year, today), school_days(year.institution, year, today, DAYS))
        for student, ahead in zip(Student.objects.order_by("admission_number"), BIRTHDAYS, strict=False):
            _celebrates(student, today + dt.timedelta(days=ahead))


def _groups(year: AcademicYear, today: dt.date) -> list[Group]:
    """Every section with its students and who takes its roll: its teacher, else the head."""
    head = User.objects.filter(pk__in=RoleAssignment.objects.filter(role__code=HEAD).values("user")).earliest("pk")
    teachers = {
        assignment.section_id: assignment.staff.user
        for assignment in TeachingAssignment.objects.on(today)
        .filter(section__isnull=False)
        .select_related("staff__user")
    }
    return [
        Group(
            section,
            [
                membership.student
                for membership in SectionMembership.objects.on(today).filter(section=section).select_related("student")
            ],
            teachers.get(section.pk) or head,
        )
        for section in Section.objects.filter(year=year).select_related("year").order_by("pk")
    ]


def _celebrates(student: Student, day: dt.date) -> None:
    if (day.month, day.day) == (2, 29):
        day += dt.timedelta(days=1)
    if student.birth_date is not None:
        student.birth_date = student.birth_date.replace(month=day.month, day=day.day)
        student.save(update_fields=["birth_date"])
