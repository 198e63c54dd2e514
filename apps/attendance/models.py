"""Rolls: that they were taken, what they say of each student, and the day that follows from them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.institutions.models import CourseClass, Institution, Section, days
from apps.students.models import Student
from apps.timetable.models import Period
from schoolops import append_only, twins
from schoolops.context import current_school
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import PublicRow, called


class DayState(models.TextChoices):
    """What a code, or a day, counts as."""

    PRESENT = "present"
    HALF = "half"
    ABSENT = "absent"


class AttendanceCode(PublicRow):
    """“P present”, “A absent”, “L late”: what a teacher or the office may enter, and what it counts as."""

    class Direction(models.TextChoices):
        IN = "in"
        OUT = "out"

    code = models.CharField(max_length=8)
    code_twin = twins.count()
    name = models.CharField(max_length=60)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    state = models.CharField(max_length=7, choices=DayState.choices)
    excused = models.BooleanField(default=False)
    late = models.BooleanField(default=False)
    teacher_selectable = models.BooleanField(default=True)
    default = models.BooleanField(default=False)
    retired = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("position", "code")
        constraints = (
            twins.once("code", name="attendance_code_once"),
            models.UniqueConstraint(fields=("default",), condition=Q(default=True), name="attendance_code_one_default"),
            # The target of the records' composite foreign key: a code in use cannot change what it counts as.
            models.UniqueConstraint(fields=("id", "state", "excused"), name="attendance_code_id_state"),
            models.CheckConstraint(
                condition=Q(default=False) | Q(teacher_selectable=True, retired=False),
                name="attendance_default_can_be_chosen",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class AttendancePolicy(models.Model):
    """An institution's rules: how long a roll may be changed, and what makes half a day. No row: these defaults."""

    institution = models.OneToOneField(Institution, on_delete=models.CASCADE, related_name="attendance_policy")
    edit_window_days = models.PositiveSmallIntegerField(default=7, help_text="Older rolls are locked.")
    absent_from_share = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal("0.75"))
    half_from_share = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal("0.25"))
    # What a daily roll stands for, in minutes; the calendar's timing changes go before it.
    day_starts_at = models.TimeField(default=dt.time(8))
    day_ends_at = models.TimeField(default=dt.time(15))
    daily_rolls = models.BooleanField(default=True, help_text="Each section takes a roll of the day.")
    period_rolls = models.BooleanField(default=True, help_text="Each class takes a roll when it meets.")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(half_from_share__gt=0)
                & Q(absent_from_share__gt=F("half_from_share"))
                & Q(absent_from_share__lte=1),
                name="attendance_policy_shares",
            ),
            models.CheckConstraint(
                condition=Q(day_ends_at__gt=F("day_starts_at")), name="attendance_policy_day_ends_after_it_starts"
            ),
        )

    def __str__(self) -> str:
        return called(self.institution)

    def first_open_day(self, today: dt.date) -> dt.date:
        """The oldest day whose roll may still be changed without re-opening it."""
        return today - dt.timedelta(days=self.edit_window_days)


class AttendanceSession(PublicRow):
    """“This section's (or class's) roll for this day, or this period of it, has been taken.”"""

    class State(models.TextChoices):
        OPEN = "open"
        SUBMITTED = "submitted"
        LOCKED = "locked"
        REOPENED = "reopened"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, db_index=False, related_name="sessions")
    course_class = models.ForeignKey(
        CourseClass, on_delete=models.PROTECT, null=True, db_index=False, related_name="sessions"
    )
    day = models.DateField()
    period = models.ForeignKey(Period, on_delete=models.PROTECT, null=True, db_index=False, related_name="sessions")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    version = models.PositiveIntegerField(default=0)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    taken_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    locked_reason = models.CharField(max_length=200, blank=True)
    reopened_until = models.DateTimeField(null=True)
    reopened_reason = models.CharField(max_length=200, blank=True)

    held: ClassVar[Held] = {"taken_by": Fate.ACTED}

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("section", "course_class", "day", "period"), nulls_distinct=False, name="attendance_one_session"
            ),
            models.CheckConstraint(
                condition=Q(section__isnull=False, course_class__isnull=True)
                | Q(section__isnull=True, course_class__isnull=False),
                name="attendance_section_or_class",
            ),
            models.CheckConstraint(
                condition=Q(state="reopened", reopened_until__isnull=False) & ~Q(reopened_reason="")
                | ~Q(state="reopened"),
                name="attendance_reopened_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="locked") | ~Q(locked_reason=""), name="attendance_locked_with_reason"
            ),
        )

    def __str__(self) -> str:
        return called(self.section or self.course_class, self.day, self.period)

    def state_at(self, moment: dt.datetime, *, first_open_day: dt.date) -> State:
        """The state people see: a roll locks by itself when its edit window, or its re-opening, is over."""
        if self.state == self.State.REOPENED:
            still_open = self.reopened_until is not None and self.reopened_until > moment
            return self.State.REOPENED if still_open else self.State.LOCKED
        if self.state == self.State.LOCKED or self.day < first_open_day:
            return self.State.LOCKED
        return self.State(self.state)


class AttendanceRecord(models.Model):
    """What one roll says of one student. The office's code, where there is one, wins over the teacher's.

    ``institution``, ``section``, ``day`` are repeated from the session, ``state`` and ``excused`` from the code that
    counts; the database refuses a row that disagrees.
    """

    session = models.ForeignKey(AttendanceSession, on_delete=models.CASCADE, db_index=False, related_name="records")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="attendance")
    # No constraints of their own: the trigger compares them with the session, which has them.
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    section = models.ForeignKey(
        Section, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    day = models.DateField()
    teacher_code = models.ForeignKey(
        AttendanceCode, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    office_code = models.ForeignKey(
        AttendanceCode, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    code = models.GeneratedField(
        expression=Coalesce(F("office_code_id"), F("teacher_code_id")),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    state = models.CharField(max_length=7, choices=DayState.choices)
    excused = models.BooleanField(default=False)
    # What counts: the office's time, else the teacher's. The teacher's own stay for when the office takes its back.
    arrived_at = models.TimeField(null=True)
    left_at = models.TimeField(null=True)
    teacher_arrived_at = models.TimeField(null=True)
    teacher_left_at = models.TimeField(null=True)
    remark = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()

    held: ClassVar[Held] = {"student": Kept(law="attendance", since=("day",), blanks={"remark": ""})}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("session", "student"), name="attendance_one_record"),
            models.CheckConstraint(
                condition=Q(teacher_code__isnull=False) | Q(office_code__isnull=False), name="attendance_has_a_code"
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.day)


class AttendanceChange(models.Model):
    """One change of one record, append-only: what it was, what it became, who did it and when."""

    session = models.ForeignKey(AttendanceSession, on_delete=models.CASCADE, db_index=False, related_name="changes")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    day = models.DateField()
    session_version = models.PositiveIntegerField()
    before = models.JSONField(null=True)
    # None: the student turned out not to belong to this roll.
    after = models.JSONField(null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField()

    held: ClassVar[Held] = {"student": Kept(law="attendance", since=("day",)), "by": Fate.ACTED}

    def __str__(self) -> str:
        return called(self.student, self.day)


append_only.declare("attendance_attendancechange")


class DailyAttendance(models.Model):
    """A student's day, derived from that day's records by one set-based statement; never written by hand."""

    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="days")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    day = models.DateField()
    state = models.CharField(max_length=7, choices=DayState.choices)
    excused = models.BooleanField(default=False)
    late = models.BooleanField(default=False)
    minutes_missed = models.PositiveSmallIntegerField(default=0)

    held: ClassVar[Held] = {"student": Kept(law="attendance", since=("day",))}

    class Meta:
        constraints = (models.UniqueConstraint(fields=("student", "day"), name="daily_attendance_once"),)

    def __str__(self) -> str:
        return called(self.student, self.day)


class DeskEntry(PublicRow):
    """What the office knows of a student on a day: came late, left early, rang in sick. No resubmitted roll ends it."""

    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="desk_entries")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    day = models.DateField()
    period = models.ForeignKey(Period, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    code = models.ForeignKey(AttendanceCode, on_delete=models.PROTECT, db_index=False, related_name="+")
    arrived_at = models.TimeField(null=True)
    left_at = models.TimeField(null=True)
    remark = models.CharField(max_length=300, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    entered_at = models.DateTimeField()

    held: ClassVar[Held] = {
        "student": Kept(law="attendance", since=("day",), blanks={"remark": ""}),
        "entered_by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("student", "day", "period"), nulls_distinct=False, name="desk_entry_once"),
        )

    def __str__(self) -> str:
        return called(self.student, self.day)


def leave_attachment_path(leave: Leave, filename: str) -> str:
    """Where what came with a request is stored, below the school's own folder."""
    return f"{current_school().schema_name}/leave/{leave.sourced_id}/{filename}"


class Leave(PublicRow):
    """Leave from ``starts_on`` to ``ends_on``, both included, asked for and decided."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        REFUSED = "refused"
        CANCELLED = "cancelled"

    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="leaves")
    starts_on = models.DateField()
    ends_on = models.DateField()
    code = models.ForeignKey(AttendanceCode, on_delete=models.PROTECT, db_index=False, related_name="+")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=9, choices=State.choices, default=State.REQUESTED)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=300, blank=True)
    # A doctor's note, for who asked and for who decides.
    attachment = models.FileField(
        upload_to=leave_attachment_path, max_length=300, blank=True, default="", db_default=""
    )

    held: ClassVar[Held] = {
        "student": Kept(
            law="attendance", since=("ends_on",), blanks={"reason": "", "decision_note": "", "attachment": ""}
        ),
        "requested_by": Fate.ACTED,
        "decided_by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="leave_ends_after_start"),
            ExclusionConstraint(
                name="leave_no_overlap",
                expressions=[
                    ("student", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=("requested", "approved")),
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.starts_on)
