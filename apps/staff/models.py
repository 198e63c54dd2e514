"""The people who work at the school, and which groups they teach, for the year or for a day."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, cast

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, QuerySet

from apps.accounts.models import User
from apps.institutions.models import CourseClass, Institution, Section, days
from apps.institutions.models import holds_on as in_force
from schoolops import folding, twins
from schoolops.privacy import Fate, Held, Kept, Person, Privacy
from schoolops.rows import ROSTERED, PublicRow, Rostered, called


def works_on(day: dt.date) -> Q:
    """Staff who work here on ``day``."""
    return Q(Q(starts_on__isnull=True) | Q(starts_on__lte=day), Q(ends_on__isnull=True) | Q(ends_on__gt=day))


class StaffMember(Rostered):
    """Somebody who works here during ``[starts_on, ends_on)``."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="staff")
    user = models.OneToOneField(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="staff_member")
    staff_number = models.CharField(max_length=40)
    staff_number_twin = twins.count()
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    job_title = models.CharField(max_length=100, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    name_key = folding.stored(folding.NameKey("family_name", "given_name"))
    searched = folding.stored(folding.Searched("given_name", "family_name", "staff_number", "email"))

    privacy: ClassVar[Privacy] = Privacy(
        public=ROSTERED
        | {
            "institution", "user", "staff_number", "given_name", "family_name", "job_title", "starts_on", "ends_on",
            "version", "name_key", "staff_number_twin",
        },
        personal=frozenset({"email", "phone", "searched"}),
    )  # fmt: skip

    held: ClassVar[Held] = {"user": Fate.SAME}
    person: ClassVar[Person] = Person(
        kind="staff",
        number="staff_number",
        identity={"staff_number": lambda staff: f"~{staff.sourced_id}", "given_name": "~", "family_name": ""},
        blanks={"email": "", "phone": "", "job_title": ""},
        law=Kept(law="employment", since=("ends_on",)),
    )

    class Meta:
        ordering = ("name_key", "id")
        constraints = (
            twins.once("staff_number", within=("institution",), name="staff_number_per_institution"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="staff_ends_after_start",
            ),
        )

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


def holds_on(day: dt.date) -> Q:
    """Assignments that hold on ``day``; one without an end does to the end of its group's year."""
    return in_force(day, "section__year__ends_on", "course_class__year__ends_on")


class AssignmentQuerySet(QuerySet[Any]):
    """Vocabulary of dated assignments, ``[starts_on, ends_on)``."""

    def on(self, day: dt.date) -> AssignmentQuerySet:
        """Those that hold on ``day``."""
        return self.filter(holds_on(day))


class TeachingAssignment(PublicRow):
    """During ``[starts_on, ends_on)`` this person teaches this section (homeroom) or this class."""

    class Kind(models.TextChoices):
        TEACHER = "teacher"
        ASSISTANT = "assistant"

    staff = models.ForeignKey(StaffMember, on_delete=models.CASCADE, db_index=False, related_name="assignments")
    section = models.ForeignKey(
        Section, on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="assignments"
    )
    course_class = models.ForeignKey(
        CourseClass, on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="assignments"
    )
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.TEACHER)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = AssignmentQuerySet.as_manager()

    held: ClassVar[Held] = {
        "staff": Kept(law="employment", since=("ends_on", "section__year__ends_on", "course_class__year__ends_on"))
    }

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(section__isnull=False, course_class__isnull=True)
                | Q(section__isnull=True, course_class__isnull=False),
                name="assignment_section_or_class",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="assignment_ends_after_start"
            ),
            ExclusionConstraint(
                name="assignment_section_once",
                expressions=[
                    ("staff", RangeOperators.EQUAL),
                    ("section", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on", "[)"), RangeOperators.OVERLAPS),
                ],
                condition=Q(section__isnull=False),
            ),
            ExclusionConstraint(
                name="assignment_class_once",
                expressions=[
                    ("staff", RangeOperators.EQUAL),
                    ("course_class", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on", "[)"), RangeOperators.OVERLAPS),
                ],
                condition=Q(course_class__isnull=False),
            ),
        )

    @property
    def group(self) -> Section | CourseClass:
        """The section or class that is taught."""
        # The database sees to it that there is one of them.
        return cast("Section | CourseClass", self.section or self.course_class)

    def __str__(self) -> str:
        return called(self.staff, self.group)


class Substitution(PublicRow):
    """On ``day`` this person stands in for a colleague in this section or class."""

    staff = models.ForeignKey(StaffMember, on_delete=models.CASCADE, db_index=False, related_name="substitutions")
    instead_of = models.ForeignKey(
        StaffMember, on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="substituted"
    )
    section = models.ForeignKey(Section, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    course_class = models.ForeignKey(CourseClass, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    day = models.DateField()
    reason = models.CharField(max_length=200, blank=True)

    held: ClassVar[Held] = {
        "staff": Kept(law="employment", since=("day",), blanks={"reason": ""}),
        "instead_of": Kept(law="employment", since=("day",), blanks={"reason": ""}),
    }

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(section__isnull=False, course_class__isnull=True)
                | Q(section__isnull=True, course_class__isnull=False),
                name="substitution_section_or_class",
            ),
            models.UniqueConstraint(
                fields=("staff", "section", "course_class", "day"), nulls_distinct=False, name="substitution_once"
            ),
            models.CheckConstraint(
                condition=Q(instead_of__isnull=True) | ~Q(instead_of=F("staff")), name="substitution_by_another"
            ),
        )

    @property
    def group(self) -> Section | CourseClass:
        """The section or class in which this person stands in."""
        # The database sees to it that there is one of them.
        return cast("Section | CourseClass", self.section or self.course_class)

    def __str__(self) -> str:
        return called(self.staff, self.group, self.day)
