"""Scales, sessions, papers, who invigilates them, the marks, what is made of these, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, DecimalRangeField, RangeOperators
from django.db import models
from django.db.models import ExpressionWrapper, F, Func, Q

from apps.accounts.models import User
from apps.institutions.models import Course, CourseClass, Institution, Section, Term
from apps.staff.models import StaffMember
from apps.students.models import Student
from schoolops import append_only, folding
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import PublicRow, called


class GradingScale(PublicRow):
    """One version of a scale; with its bands it never changes, so what a grade meant can always be read again.

    A percentage is rounded half up to ``decimals`` places, and then has exactly one band.
    """

    class Kind(models.TextChoices):
        NUMERIC = "numeric"
        LETTER = "letter"
        PASS_FAIL = "pass-fail"  # noqa: S105 - no password
        DESCRIPTIVE = "descriptive"

    name = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    decimals = models.PositiveSmallIntegerField(default=0)
    # Replaced by a later version, or out of use: no new paper is graded by it.
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "-version")
        constraints = (
            models.UniqueConstraint(folding.Fold("name"), "version", name="scale_version_once"),
            models.UniqueConstraint(folding.Fold("name"), condition=Q(retired=False), name="scale_one_current"),
            models.CheckConstraint(condition=Q(decimals__lte=3), name="scale_decimals_at_most_three"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class GradeBand(models.Model):
    """Percentages of ``[lower, upper)`` are this grade. Without ``upper`` it is the best one, which has no end.

    The database keeps the bands of a scale apart (an exclusion constraint) and without gaps from zero on (a trigger, as
    the transaction ends). A whole scale has no room for another band, so adding only keeps it as it is.
    """

    scale = models.ForeignKey(GradingScale, on_delete=models.PROTECT, db_index=False, related_name="bands")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=100, blank=True)
    lower = models.DecimalField(max_digits=6, decimal_places=3)
    upper = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    points = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    passing = models.BooleanField(default=True)

    class Meta:
        ordering = ("-lower",)
        constraints = (
            models.UniqueConstraint(fields=("scale", "code"), name="band_code_once"),
            models.CheckConstraint(
                condition=Q(lower__gte=0) & (Q(upper__isnull=True) | Q(upper__gt=F("lower"))), name="band_lower_first"
            ),
            ExclusionConstraint(
                name="band_no_overlap",
                expressions=[
                    ("scale", RangeOperators.EQUAL),
                    (
                        Func(F("lower"), F("upper"), function="numrange", output_field=DecimalRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        )

    def __str__(self) -> str:
        return self.code


append_only.declare("examinations_gradeband")


class ExamSession(PublicRow):
    """“The mid-terms of term 1”.

    That the timetable is published and that the results are, are two facts, each from a moment on that may lie ahead.
    """

    class Kind(models.TextChoices):
        TEST = "test"
        MID_TERM = "mid-term"
        FINAL = "final"
        MOCK = "mock"
        RE_SIT = "re-sit"
        OTHER = "other"

    class State(models.TextChoices):
        DRAFT = "draft"
        SCHEDULED = "scheduled"
        HELD = "held"
        MARKING = "marking"
        MODERATION = "moderation"
        # Never stored: it follows from the moment of the results.
        PUBLISHED = "published"
        CANCELLED = "cancelled"

    term = models.ForeignKey(Term, on_delete=models.PROTECT, db_index=False, related_name="exam_sessions")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    weight = models.DecimalField(max_digits=5, decimal_places=2, default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    timetable_published_at = models.DateTimeField(null=True)
    results_published_at = models.DateTimeField(null=True)
    cancelled_reason = models.CharField(max_length=200, blank=True)
    # By which policy its results are computed, and up to which change of its marks; null: they are not. 0: all anew.
    results_policy = models.ForeignKey(
        "ResultPolicy", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    results_through = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint("term", folding.Fold("name"), name="exam_session_name_per_term"),
            models.CheckConstraint(condition=Q(weight__gte=0), name="exam_session_weight_from_zero"),
            models.CheckConstraint(condition=~Q(state="published"), name="exam_session_published_is_derived"),
            models.CheckConstraint(
                condition=Q(timetable_published_at__isnull=True) | ~Q(state__in=("draft", "cancelled")),
                name="exam_session_timetable_scheduled",
            ),
            models.CheckConstraint(
                condition=Q(results_published_at__isnull=True) | Q(state__in=("marking", "moderation")),
                name="exam_session_results_marked",
            ),
            models.CheckConstraint(
                condition=Q(state="cancelled") & ~Q(cancelled_reason="")
                | ~Q(state="cancelled") & Q(cancelled_reason=""),
                name="exam_session_cancelled_with_reason",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def state_at(self, moment: dt.datetime) -> State:
        """The state people see: published from the moment on that was set for the results."""
        published = self.results_published_at is not None and self.results_published_at <= moment
        return self.State.PUBLISHED if published else self.State(self.state)


def _while(day: str = "day", starts: str = "starts_at", ends: str = "ends_at") -> Func:
    """SQL ``tsrange(day + starts, day + ends)``: the time of a paper, at its campus."""

    def moment(time: str) -> Any:
        return ExpressionWrapper(F(day) + F(time), output_field=models.DateTimeField())

    return Func(moment(starts), moment(ends), function="tsrange", output_field=DateTimeRangeField())


class Exam(PublicRow):
    """A paper: what a class, or a section in a course, sits on a day from ``starts_at`` to ``ends_at``, campus time.

    ``section`` is the homeroom group that sits it: of a class the section it is taught to as a whole, if to one.
    ``institution`` is repeated from the session for the constraints; the database refuses a row that disagrees.
    """

    session = models.ForeignKey(ExamSession, on_delete=models.PROTECT, db_index=False, related_name="exams")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, db_index=False, related_name="exams")
    course_class = models.ForeignKey(
        CourseClass, on_delete=models.PROTECT, null=True, db_index=False, related_name="exams"
    )
    course = models.ForeignKey(Course, on_delete=models.PROTECT, db_index=False, related_name="exams")
    scale = models.ForeignKey(GradingScale, on_delete=models.PROTECT, db_index=False, related_name="exams")
    # Where a course has several papers: “Paper 2”.
    title = models.CharField(max_length=80, blank=True)
    day = models.DateField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    room = models.CharField(max_length=60, blank=True)
    # One room, however it is written.
    room_key = folding.stored(folding.Searched("room"))
    max_marks = models.DecimalField(max_digits=7, decimal_places=2)
    pass_marks = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    # Of how many components it is made (none: it has one mark), and what an absence in one of them does.
    parts = models.PositiveSmallIntegerField(default=0, db_default=0)
    parts_absent = models.CharField(
        max_length=8,
        choices=[("zero", "Zero"), ("left-out", "Left out")],
        default="zero",
        db_default="zero",
    )
    # False once the session is cancelled: then nothing stands in anybody's way.
    standing = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    # Of the marks, which change without the paper: 0 until somebody enters some.
    marks_version = models.PositiveIntegerField(default=0, db_default=0)
    marked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    marked_at = models.DateTimeField(null=True)
    # What counts of a score: `score × factor + shift`, by the moderation that is applied.
    factor = models.DecimalField(max_digits=6, decimal_places=4, default=1, db_default=1)
    shift = models.DecimalField(max_digits=7, decimal_places=2, default=0, db_default=0)
    # When whoever marks it was told that marks are missing, which is once.
    reminded_at = models.DateTimeField(null=True)
    reopened_until = models.DateTimeField(null=True)
    reopened_reason = models.CharField(max_length=200, blank=True, db_default="")

    held: ClassVar[Held] = {"marked_by": Fate.ACTED}

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("session", "section", "course_class", "course", "title"),
                nulls_distinct=False,
                name="exam_once",
            ),
            # The target of invigilators' composite foreign key.
            models.UniqueConstraint(
                fields=("id", "day", "starts_at", "ends_at", "standing"), name="exam_id_while_standing"
            ),
            # The target of the marks' composite foreign key.
            models.UniqueConstraint(fields=("id", "max_marks"), name="exam_id_max_marks"),
            models.CheckConstraint(
                condition=Q(reopened_until__isnull=True) | ~Q(reopened_reason=""), name="exam_reopened_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(section__isnull=False) | Q(course_class__isnull=False), name="exam_section_or_class"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="exam_ends_after_start"),
            models.CheckConstraint(condition=Q(max_marks__gt=0), name="exam_has_marks"),
            models.CheckConstraint(
                condition=Q(pass_marks__isnull=True) | Q(pass_marks__gte=0, pass_marks__lte=F("max_marks")),
                name="exam_pass_within_marks",
            ),
            ExclusionConstraint(
                name="exam_room_free",
                expressions=[
                    ("institution", RangeOperators.EQUAL),
                    ("room_key", RangeOperators.EQUAL),
                    (_while(), RangeOperators.OVERLAPS),
                ],
                condition=Q(standing=True) & ~Q(room=""),
            ),
            ExclusionConstraint(
                name="exam_section_free",
                expressions=[("section", RangeOperators.EQUAL), (_while(), RangeOperators.OVERLAPS)],
                condition=Q(standing=True, section__isnull=False),
            ),
            ExclusionConstraint(
                name="exam_class_free",
                expressions=[("course_class", RangeOperators.EQUAL), (_while(), RangeOperators.OVERLAPS)],
                condition=Q(standing=True, course_class__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return called(self.course, self.day)


class Invigilation(models.Model):
    """Somebody who invigilates a paper. The paper's time is repeated: the database holds it equal, and them to one."""

    exam = models.ForeignKey(
        Exam, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="invigilations"
    )
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, db_index=False, related_name="invigilations")
    day = models.DateField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    standing = models.BooleanField(default=True)

    held: ClassVar[Held] = {"staff": Kept(law="employment", since=("day",))}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("exam", "staff"), name="invigilation_once"),
            ExclusionConstraint(
                name="invigilator_free",
                expressions=[("staff", RangeOperators.EQUAL), (_while(), RangeOperators.OVERLAPS)],
                condition=Q(standing=True),
            ),
        )

    def __str__(self) -> str:
        return called(self.staff, self.exam)


class Scored(models.Model):
    """What was entered of a student: who has a score is entered, and nobody else.

    ``max_marks`` is repeated from what is marked; the database holds it equal, and every score within it (``scored``).
    """

    class Status(models.TextChoices):
        ENTERED = "entered"
        ABSENT = "absent"
        EXEMPT = "exempt"
        MALPRACTICE = "malpractice"
        NOT_ENTERED = "not-entered"

    status = models.CharField(max_length=11, choices=Status.choices)
    score = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    max_marks = models.DecimalField(max_digits=7, decimal_places=2)

    class Meta:
        abstract = True


def scored(named: str, within: str = "") -> tuple[models.CheckConstraint, models.CheckConstraint]:
    """The constraints of a ``Scored`` model, whose names begin so."""
    entered = Q(status="entered", score__isnull=False) | ~Q(status="entered") & Q(score__isnull=True)
    return (
        models.CheckConstraint(condition=entered, name=f"{named}_score_if_entered"),
        models.CheckConstraint(
            condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=F("max_marks")),
            name=within or f"{named}_within",
        ),
    )


class Mark(Scored):
    """One student's result in a paper. A student without a row has not been marked yet."""

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="marks")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="marks")

    held: ClassVar[Held] = {"student": Kept(law="marks", since=("exam__day",))}
    # Of a paper with components: component → what was entered of it, where somebody has read it. It stands beside.
    parts: Mapping[int, tuple[str, Decimal | None]] = MappingProxyType({})

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("exam", "student"), name="mark_once"),
            *scored("mark", "mark_within_paper"),
        )

    def __str__(self) -> str:
        return called(self.student, self.exam)


class MarkChange(models.Model):
    """One change of one mark, append-only: what it was, what it became, who did it and when.

    Of a paper, or of ``assessment`` (its public id: it may go) in a gradebook; ``marks_version`` is that of either.
    """

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, null=True, db_index=False, related_name="mark_changes")
    gradebook = models.ForeignKey(
        "examinations.Gradebook", on_delete=models.PROTECT, null=True, db_index=False, related_name="mark_changes"
    )
    assessment = models.UUIDField(null=True)
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    marks_version = models.PositiveIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField()

    held: ClassVar[Held] = {
        "student": Kept(law="marks", since=("exam__day", "gradebook__term__ends_on")),
        "by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(exam__isnull=False, gradebook__isnull=True, assessment__isnull=True)
                | Q(exam__isnull=True, gradebook__isnull=False, assessment__isnull=False),
                name="mark_change_of_one",
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.exam or self.gradebook)


append_only.declare("examinations_markchange")


class Moderation(PublicRow):
    """What somebody proposes to make of a paper's scores, ``score × factor + shift``, and what became of it.

    What counts is within 0 and the marks of the paper, half up to two places once; what was entered stays.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPLIED = "applied"
        REVERTED = "reverted"
        WITHDRAWN = "withdrawn"

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, db_index=False, related_name="moderations")
    factor = models.DecimalField(max_digits=6, decimal_places=4)
    shift = models.DecimalField(max_digits=7, decimal_places=2)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")
    proposed_at = models.DateTimeField()
    applied_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    applied_at = models.DateTimeField(null=True)
    reverted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    reverted_at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {"proposed_by": Fate.ACTED, "applied_by": Fate.ACTED, "reverted_by": Fate.ACTED}

    class Meta:
        constraints = (
            # One at a time, so that what counts is plain.
            models.UniqueConstraint(
                fields=("exam",), condition=Q(state__in=("proposed", "applied")), name="moderation_one_open"
            ),
        )

    def __str__(self) -> str:
        return called(self.exam, self.state)


class Remark(models.Model):
    """What is said of a student in a session: of a course by who teaches it, without one by their class teacher."""

    session = models.ForeignKey(ExamSession, on_delete=models.PROTECT, db_index=False, related_name="remarks")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="remarks")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    # Empty: it was taken back.
    text = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")
    at = models.DateTimeField()

    held: ClassVar[Held] = {
        "student": Kept(law="marks", since=("session__term__ends_on",), blanks={"text": ""}),
        "by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("session", "student", "course"), nulls_distinct=False, name="remark_once"),
        )

    def __str__(self) -> str:
        return called(self.student, self.session)


class RemarkPhrase(PublicRow):
    """A phrase of the school for remarks; in it ``{name}`` is the student's."""

    text = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.text[:80]


class ResultPolicy(models.Model):
    """One version of how a school makes results of marks; it never changes. No row: these defaults, at version 0."""

    class Counts(models.TextChoices):
        """What a paper without a score does: it counts with no marks, or leaves the denominator."""

        ZERO = "zero"
        LEFT_OUT = "left-out"

    class Ranks(models.TextChoices):
        NONE = "none"
        DENSE = "dense"
        COMPETITION = "competition"

    class Within(models.TextChoices):
        SECTION = "section"
        GRADE_LEVEL = "grade-level"

    version = models.PositiveIntegerField(unique=True)
    absent = models.CharField(max_length=8, choices=Counts.choices, default=Counts.ZERO)
    malpractice = models.CharField(max_length=8, choices=Counts.choices, default=Counts.ZERO)
    ranks = models.CharField(max_length=11, choices=Ranks.choices, default=Ranks.NONE)
    ranked_within = models.CharField(max_length=11, choices=Within.choices, default=Within.SECTION)
    # Of a course's result in a term, what its gradebook is, in percent; exams are the rest.
    coursework = models.DecimalField(max_digits=5, decimal_places=2, default=40, db_default=40)
    # What a gradebook comes to at most, in percent, however much is extra.
    extra_up_to = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal("100.00"), db_default=100)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(extra_up_to__gte=100), name="policy_extra_from_a_hundred"),
            models.CheckConstraint(condition=Q(coursework__gte=0, coursework__lte=100), name="policy_coursework_share"),
        )

    def __str__(self) -> str:
        return f"version {self.version}"


append_only.declare("examinations_resultpolicy")


class SessionResult(models.Model):
    """What a session's papers make of one student, computed from their marks by a job; never written by hand.

    ``percent`` is ``total`` of ``out_of``, rounded half up once; null where nothing counts. ``rank`` among ``ranked``,
    where the policy ranks and no paper of the student's is without a mark.
    """

    session = models.ForeignKey(ExamSession, on_delete=models.CASCADE, db_index=False, related_name="results")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="exam_results")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    total = models.DecimalField(max_digits=9, decimal_places=2)
    out_of = models.DecimalField(max_digits=9, decimal_places=2)
    percent = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    complete = models.BooleanField()
    rank = models.PositiveIntegerField(null=True)
    ranked = models.PositiveIntegerField(null=True)

    held: ClassVar[Held] = {"student": Kept(law="marks", since=("session__term__ends_on",))}

    class Meta:
        constraints = (models.UniqueConstraint(fields=("session", "student"), name="session_result_once"),)

    def __str__(self) -> str:
        return called(self.student, self.session)
