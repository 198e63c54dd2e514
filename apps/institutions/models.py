"""Campuses, their years, terms and calendar, and what is taught to whom there."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from schoolops import twins
from schoolops.context import current_school
from schoolops.rows import LONGEST_NOTE, Rostered, RosteredQuerySet, called


def days(start: str, end: str, bounds: str = "[]") -> Func:
    """SQL ``daterange(start, end, bounds)`` over two columns, for exclusion constraints."""
    return Func(F(start), F(end), Value(bounds), function="daterange", output_field=DateRangeField())


def not_over(day: Any, *years: str, ends: str = "ends_on") -> Q:
    """Rows that are not over before or on ``day``; without an end of its own, a row ends with its year.

    Of everything that is dated inside a year: enrolments, section memberships, places in classes, teaching, meetings.

    Args:
        day: a date, or an expression for one.
        years: where the last day of the row's year stands, such as ``section__year__ends_on``; several where a row
            has its year one way or another.
        ends: the field of its own end, the first day on which it no longer holds.
    """
    within = Q()
    for last_day in years:
        within |= Q(**{f"{last_day}__gte": day})
    return Q(**{f"{ends}__gt": day}) | Q(within, **{f"{ends}__isnull": True})


def holds_on(day: Any, *years: str, starts: str = "starts_on", ends: str = "ends_on") -> Q:
    """Rows that have begun and are not over on ``day``. Arguments as of ``not_over``."""
    return Q(**{f"{starts}__lte": day}) & not_over(day, *years, ends=ends)


def school_logo_path(institution: Institution, filename: str) -> str:
    """Where an institution's logo is stored, below the school's own folder."""
    return f"{current_school().schema_name}/branding/{institution.sourced_id}/{filename}"


class Institution(Rostered):
    """A campus inside a school."""

    name = models.CharField(max_length=200)
    code = models.CharField(max_length=20)
    code_twin = twins.count()
    timezone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD", validators=[RegexValidator(r"^[A-Z]{3}$")])
    locale = models.CharField(max_length=12, default="en-gb")
    address = models.TextField(max_length=LONGEST_NOTE, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    logo = models.FileField(upload_to=school_logo_path, max_length=300, blank=True)
    brand_colour = models.CharField(max_length=7, default="#1d4ed8", validators=[RegexValidator(r"^#[0-9a-f]{6}$")])
    weekend = ArrayField(models.PositiveSmallIntegerField(), default=list, help_text="ISO weekdays without school.")

    class Meta:
        ordering = ("name", "id")
        constraints = (
            twins.once("code", name="institution_code_once"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="institution_currency_iso4217"),
            # The target of composite foreign keys: what is kept in its currency says so.
            models.UniqueConstraint(fields=("id", "currency"), name="institution_id_currency"),
            models.CheckConstraint(
                condition=Q(weekend__contained_by=[1, 2, 3, 4, 5, 6, 7]), name="institution_weekend_iso_weekdays"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AcademicYear(Rostered):
    """A dated school year of one institution; both days belong to it."""

    class State(models.TextChoices):
        PLANNED = "planned"
        ACTIVE = "active"
        CLOSED = "closed"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="years")
    name = models.CharField(max_length=60)
    name_twin = twins.count()
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNED)

    class Meta:
        ordering = ("starts_on", "id")
        constraints = (
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="year_ends_after_it_starts"),
            twins.once("name", within=("institution",), name="year_name_per_institution"),
            models.UniqueConstraint(fields=("institution",), condition=Q(state="active"), name="year_one_active"),
            # The target of enrolments' composite foreign key.
            models.UniqueConstraint(fields=("id", "ends_on"), name="year_id_ends_on"),
            ExclusionConstraint(
                name="year_no_overlap",
                expressions=[
                    ("institution", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return self.name

    def contains(self, day: Any) -> bool:
        return bool(self.starts_on <= day <= self.ends_on)

    @property
    def over_on(self) -> dt.date:
        """The first day after it, on which everything in it that has no end of its own is over."""
        return self.ends_on + dt.timedelta(days=1)


class Term(Rostered):
    """A part of a year. Marks may be entered from ``posting_opens_on`` to ``posting_closes_on``, both included."""

    class Kind(models.TextChoices):
        SEMESTER = "semester"
        TERM = "term"
        GRADING_PERIOD = "gradingPeriod"

    year = models.ForeignKey(AcademicYear, on_delete=models.CASCADE, db_index=False, related_name="terms")
    name = models.CharField(max_length=60)
    name_twin = twins.count()
    kind = models.CharField(max_length=13, choices=Kind.choices, default=Kind.TERM)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    starts_on = models.DateField()
    ends_on = models.DateField()
    posting_opens_on = models.DateField(null=True, blank=True)
    posting_closes_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("starts_on", "id")
        constraints = (
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="term_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(posting_closes_on__gte=F("posting_opens_on")), name="term_posting_closes_after_it_opens"
            ),
            twins.once("name", within=("year",), name="term_name_per_year"),
            ExclusionConstraint(
                name="term_no_overlap",
                expressions=[
                    ("year", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    # Those of one kind may lie within each other, as a full year does around its halves.
                    (Coalesce("parent", 0), RangeOperators.EQUAL),
                    (days("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return self.name


class CalendarDay(models.Model):
    """What is special about a day. A day without a row is instructional unless it is a weekend."""

    class Kind(models.TextChoices):
        INSTRUCTIONAL = "instructional"
        HOLIDAY = "holiday"
        CLOSURE = "closure"
        TIMING_CHANGE = "timing-change"

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, db_index=False, related_name="calendar")
    day = models.DateField()
    kind = models.CharField(max_length=13, choices=Kind.choices)
    title = models.CharField(max_length=120, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)

    class Meta:
        ordering = ("day",)
        constraints = (
            models.UniqueConstraint(fields=("institution", "day"), name="calendar_one_row_per_day"),
            models.CheckConstraint(
                condition=~Q(kind="timing-change") | Q(starts_at__isnull=False, ends_at__gt=F("starts_at")),
                name="calendar_timing_change_has_times",
            ),
        )

    def __str__(self) -> str:
        return called(self.title or self.get_kind_display(), self.day)


class GradeLevel(Rostered):
    """Grade 1 … Grade 12: ordered, and it knows the next one. ``code`` is OneRoster's grade (``07``)."""

    name = models.CharField(max_length=60)
    name_twin = twins.count()
    code = models.CharField(max_length=12)
    code_twin = twins.count()
    position = models.PositiveSmallIntegerField(unique=True)
    next_level = models.OneToOneField("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="previous")

    class Meta:
        ordering = ("position",)
        constraints = (twins.once("name", name="level_name_once"), twins.once("code", name="level_code_once"))

    def __str__(self) -> str:
        return self.name


class SectionQuerySet(RosteredQuerySet):
    """Vocabulary of homeroom groups."""

    def in_year(self, year: AcademicYear | int) -> SectionQuerySet:
        return self.filter(year=year)


class Section(Rostered):
    """The homeroom group of one grade level in one year: “Grade 7 B”."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="sections")
    year = models.ForeignKey(AcademicYear, on_delete=models.PROTECT, db_index=False, related_name="sections")
    grade_level = models.ForeignKey(GradeLevel, on_delete=models.PROTECT, db_index=False, related_name="sections")
    name = models.CharField(max_length=60)
    name_twin = twins.count()
    room = models.CharField(max_length=60, blank=True)
    capacity = models.PositiveSmallIntegerField(null=True, blank=True)

    objects: ClassVar[Any] = SectionQuerySet.as_manager()

    class Meta:
        ordering = ("grade_level__position", "name", "id")
        constraints = (twins.once("name", within=("year", "grade_level"), name="section_name_per_level_and_year"),)

    def __str__(self) -> str:
        return f"{self.grade_level} {self.name}"


class Course(Rostered):
    """A subject taught at a grade level (or at all of them)."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="courses")
    code = models.CharField(max_length=40)
    code_twin = twins.count()
    title = models.CharField(max_length=200)
    grade_level = models.ForeignKey(
        GradeLevel, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="courses"
    )
    subject = models.CharField(max_length=100, blank=True)
    subject_code = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("title", "id")
        constraints = (twins.once("code", within=("institution",), name="course_code_per_institution"),)

    def __str__(self) -> str:
        return self.title


class CourseClass(Rostered):
    """One taught group of a course: it has teachers, terms and students."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="classes")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, db_index=False, related_name="classes")
    year = models.ForeignKey(AcademicYear, on_delete=models.PROTECT, db_index=False, related_name="classes")
    # The homeroom group that is taught as a whole, where there is one.
    section = models.ForeignKey(
        Section, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="classes"
    )
    terms = models.ManyToManyField(Term, through="CourseClassTerm", related_name="classes")
    code = models.CharField(max_length=60)
    code_twin = twins.count()
    title = models.CharField(max_length=200)
    room = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("title", "id")
        constraints = (twins.once("code", within=("year",), name="class_code_per_year"),)

    def __str__(self) -> str:
        return self.title


class CourseClassTerm(models.Model):
    """A class runs in this term. No row at all: it runs the whole year."""

    course_class = models.ForeignKey(CourseClass, on_delete=models.CASCADE, db_index=False)
    term = models.ForeignKey(Term, on_delete=models.CASCADE, db_index=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("course_class", "term"), name="class_term_once"),)

    def __str__(self) -> str:
        return called(self.course_class, self.term)
