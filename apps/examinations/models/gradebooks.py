"""Continuous assessment: what a section or class does in a course during a term, and what was entered of it."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.examinations.models.exams import ResultPolicy, Scored, scored
from apps.institutions.models import Course, CourseClass, Section, Term
from apps.students.models import Student
from schoolops import folding
from schoolops.privacy import Held, Kept
from schoolops.rows import PublicRow, called


class Gradebook(PublicRow):
    """The assessments of a section in a course, or of a class, in a term.

    Families read it from ``published_at`` on; ``policy`` is that by which it counts since it was published (null: the
    defaults, or it is not). Until ``reopened_until`` it changes though it is published or the term's marks are closed.
    """

    term = models.ForeignKey(Term, on_delete=models.PROTECT, db_index=False, related_name="gradebooks")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, db_index=False, related_name="gradebooks")
    course_class = models.ForeignKey(
        CourseClass, on_delete=models.PROTECT, null=True, db_index=False, related_name="gradebooks"
    )
    course = models.ForeignKey(Course, on_delete=models.PROTECT, db_index=False, related_name="gradebooks")
    published_at = models.DateTimeField(null=True)
    policy = models.ForeignKey(ResultPolicy, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    version = models.PositiveIntegerField(default=1)
    marks_version = models.PositiveIntegerField(default=0)
    reopened_until = models.DateTimeField(null=True)
    reopened_reason = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("term", "section", "course_class", "course"), nulls_distinct=False, name="gradebook_once"
            ),
            models.CheckConstraint(
                condition=Q(section__isnull=False) | Q(course_class__isnull=False), name="gradebook_section_or_class"
            ),
            models.CheckConstraint(
                condition=Q(reopened_until__isnull=True) | ~Q(reopened_reason=""), name="gradebook_reopened_with_reason"
            ),
        )

    def __str__(self) -> str:
        return called(self.course, self.course_class or self.section)

    def is_public(self, moment: dt.datetime) -> bool:
        """Whether families read it."""
        return self.published_at is not None and self.published_at <= moment


class AssessmentCategory(models.Model):
    """Such as homework: how much it weighs beside others, and how many of its lowest shares are dropped."""

    gradebook = models.ForeignKey(Gradebook, on_delete=models.CASCADE, db_index=False, related_name="categories")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    weight = models.DecimalField(max_digits=7, decimal_places=2)
    drop_lowest = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint("gradebook", folding.Fold("name"), name="assessment_category_once"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="assessment_category_has_weight"),
        )

    def __str__(self) -> str:
        return self.name


class Assessment(PublicRow):
    """Something that is marked. ``extra``: what it earns is added, and it is in no denominator.

    ``resit_of``: it is sat again; then ``resit`` says whether it replaces, is capped at ``cap`` per cent, or averaged.
    """

    class Resit(models.TextChoices):
        REPLACES = "replaces"
        CAPPED = "capped"
        AVERAGED = "averaged"

    gradebook = models.ForeignKey(Gradebook, on_delete=models.CASCADE, db_index=False, related_name="assessments")
    category = models.ForeignKey(
        AssessmentCategory, on_delete=models.CASCADE, db_index=False, related_name="assessments"
    )
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    day = models.DateField(null=True)
    max_marks = models.DecimalField(max_digits=7, decimal_places=2)
    weight = models.DecimalField(max_digits=7, decimal_places=2)
    extra = models.BooleanField(default=False)
    resit_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, db_index=False, related_name="resits")
    resit = models.CharField(max_length=8, choices=Resit.choices, blank=True)
    cap = models.DecimalField(max_digits=5, decimal_places=2, null=True)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint("gradebook", folding.Fold("name"), name="assessment_name_once"),
            # The target of the marks' composite foreign key.
            models.UniqueConstraint(fields=("id", "max_marks"), name="assessment_id_max_marks"),
            models.CheckConstraint(condition=Q(max_marks__gt=0, weight__gt=0), name="assessment_counts"),
            models.CheckConstraint(
                condition=Q(resit_of__isnull=True, resit="") | Q(resit_of__isnull=False, extra=False) & ~Q(resit=""),
                name="assessment_resit_says_how",
            ),
            models.CheckConstraint(
                condition=Q(resit="capped", cap__gt=0, cap__lte=100) | ~Q(resit="capped") & Q(cap__isnull=True),
                name="assessment_capped_at",
            ),
        )

    def __str__(self) -> str:
        return self.name


class AssessmentMark(Scored):
    """What was entered of one student in one assessment."""

    assessment = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="marks"
    )
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="assessment_marks")
    # At which version of the gradebook's marks it became this.
    marks_version = models.PositiveIntegerField()

    held: ClassVar[Held] = {"student": Kept(law="marks", since=("assessment__gradebook__term__ends_on",))}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("student", "assessment"), name="assessment_mark_once"),
            *scored("assessment_mark"),
        )

    def __str__(self) -> str:
        return called(self.student, self.assessment)
