"""What the API of attendance takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.attendance.models import AttendanceCode, AttendanceSession, DayState, Leave
from apps.students.api.about import AboutStudentOut, OnRosterOut, PersonOut, StudentChangeOut
from schoolops.api.fields import Day, Exact, ForAWhile


class MarkIn(serializers.Serializer[object]):
    """A teacher's mark of one student."""

    student_id = serializers.UUIDField()
    code = serializers.CharField(max_length=8)
    arrived_at = serializers.TimeField(required=False, allow_null=True, default=None)
    left_at = serializers.TimeField(required=False, allow_null=True, default=None)
    remark = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)


class RollIn(serializers.Serializer[object]):
    """A whole roll: every student on it exactly once, and the version it was read at (null: nobody has taken it)."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    records = MarkIn(many=True, max_length=1_000)  # type: ignore[call-arg] # DRF's list takes it


class RecordOut(OnRosterOut):
    """What a roll says of one student; before it was taken, what it suggests."""

    on_roster = serializers.BooleanField(help_text="False: recorded, and since then no longer on the roster that day.")
    code = serializers.CharField(allow_null=True, help_text="The code that counts: the office's, else the teacher's.")
    teacher_code = serializers.CharField(allow_null=True)
    office_code = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=DayState.choices, allow_null=True)
    excused = serializers.BooleanField()
    arrived_at = serializers.TimeField(allow_null=True)
    left_at = serializers.TimeField(allow_null=True)
    remark = serializers.CharField()


class RollHeadOut(serializers.Serializer[object]):
    """A roll without its records."""

    id = serializers.UUIDField(allow_null=True, help_text="Null until it is taken.")
    section_id = serializers.UUIDField(allow_null=True)
    class_id = serializers.UUIDField(allow_null=True)
    day = Day()
    period_id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField(help_text="0 until it is taken. Send it back with PUT.")
    state = serializers.ChoiceField(choices=AttendanceSession.State.choices)
    locked_reason = serializers.CharField()
    reopened_until = serializers.DateTimeField(allow_null=True)
    taken_by = PersonOut(allow_null=True)
    taken_at = serializers.DateTimeField(allow_null=True)


class RollOut(RollHeadOut):
    """A roll, taken or not."""

    records = RecordOut(many=True)


class LockIn(serializers.Serializer[object]):
    """Why nobody may change the roll."""

    reason = serializers.CharField(max_length=200)


class ReopenIn(ForAWhile):
    """Why the roll may be changed again, and for how long."""

    hours = serializers.FloatField(default=24, help_text="At most 72.")


class ChangeOut(StudentChangeOut):
    """One line of a roll's history."""

    after = serializers.JSONField(allow_null=True, help_text="Null: the student did not belong to this roll.")


class HistoryOut(serializers.Serializer[object]):
    """What one roll said of the student."""

    day = Day()
    roll_id = serializers.UUIDField()
    section_id = serializers.UUIDField(allow_null=True)
    class_id = serializers.UUIDField(allow_null=True)
    period_id = serializers.UUIDField(allow_null=True)
    period = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    state = serializers.ChoiceField(choices=DayState.choices)
    excused = serializers.BooleanField()
    arrived_at = serializers.TimeField(allow_null=True)
    left_at = serializers.TimeField(allow_null=True)
    remark = serializers.CharField()
    day_counts_as = serializers.ChoiceField(
        choices=DayState.choices,
        allow_null=True,
        help_text="What all marks of that day make of it; null: no day counts.",
    )
    counts = serializers.BooleanField(
        help_text="Whether the day is made of it: there was school, the student was on the books, and no mark of the "
        "record that this one was merged into stands beside it."
    )
    changed_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        # A word that Python keeps for itself.
        return {**super().get_fields(), "class": serializers.CharField(allow_null=True)}


class AbsenteeOut(AboutStudentOut):
    """A student whose day counts as absent."""

    section_id = serializers.UUIDField(allow_null=True)
    section = serializers.CharField()
    institution_id = serializers.UUIDField()
    day = Day()
    state = serializers.ChoiceField(choices=DayState.choices)
    excused = serializers.BooleanField()
    minutes_missed = serializers.IntegerField()


class DeskIn(serializers.Serializer[object]):
    """What the office knows. What is left out stays as an earlier entry of that day said it."""

    student_id = serializers.UUIDField()
    day = Day()
    period_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    code = serializers.CharField(max_length=8, required=False, allow_null=True)
    arrived_at = serializers.TimeField(required=False, allow_null=True)
    left_at = serializers.TimeField(required=False, allow_null=True)
    remark = serializers.CharField(max_length=300, required=False, allow_blank=True, allow_null=True)


class DeskOut(AboutStudentOut):
    """A desk entry."""

    id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    day = Day()
    period_id = serializers.UUIDField(allow_null=True)
    code = serializers.CharField()
    arrived_at = serializers.TimeField(allow_null=True)
    left_at = serializers.TimeField(allow_null=True)
    remark = serializers.CharField()
    entered_by = serializers.CharField()
    entered_at = serializers.DateTimeField()


class LeaveIn(serializers.Serializer[object]):
    """Leave asked for; both days belong to it."""

    student_id = serializers.UUIDField()
    starts_on = Day()
    ends_on = Day()
    reason = serializers.CharField(max_length=300)
    code = serializers.CharField(max_length=8, required=False, help_text="An absence; the excused one unless said.")


class LeaveOut(AboutStudentOut):
    """Leave and where it stands."""

    id = serializers.UUIDField()
    starts_on = Day()
    ends_on = Day()
    code = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=Leave.State.choices)
    requested_by = serializers.CharField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_note = serializers.CharField()
    attached = serializers.BooleanField(help_text="Whether a note came with it.")


class DecisionIn(serializers.Serializer[object]):
    """A word with the decision."""

    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class DecidedOut(LeaveOut):
    """Leave after a decision, and the days whose rolls are locked and stay as they are."""

    locked_days = serializers.ListField(child=Day())


class AttendanceCodeIn(serializers.Serializer[object]):
    """An attendance code."""

    code = serializers.RegexField(r"^[^\s]+$", max_length=8)
    name = serializers.CharField(max_length=60)
    direction = serializers.ChoiceField(choices=AttendanceCode.Direction.choices)
    state = serializers.ChoiceField(choices=DayState.choices)
    excused = serializers.BooleanField(required=False)
    late = serializers.BooleanField(required=False)
    teacher_selectable = serializers.BooleanField(required=False)
    default = serializers.BooleanField(required=False)
    retired = serializers.BooleanField(required=False)
    position = serializers.IntegerField(required=False, min_value=0, max_value=32767)


class AttendanceCodeOut(serializers.Serializer[object]):
    """An attendance code and its version."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    direction = serializers.ChoiceField(choices=AttendanceCode.Direction.choices)
    state = serializers.ChoiceField(choices=DayState.choices)
    excused = serializers.BooleanField()
    late = serializers.BooleanField()
    teacher_selectable = serializers.BooleanField()
    default = serializers.BooleanField()
    retired = serializers.BooleanField()
    position = serializers.IntegerField()
    version = serializers.IntegerField()


class AttendancePolicyIn(serializers.Serializer[object]):
    """A campus's rules."""

    edit_window_days = serializers.IntegerField(min_value=0, max_value=366)
    absent_from_share = Exact(max_digits=3, decimal_places=2)
    half_from_share = Exact(max_digits=3, decimal_places=2)
    day_starts_at = serializers.TimeField()
    day_ends_at = serializers.TimeField()
    daily_rolls = serializers.BooleanField()
    period_rolls = serializers.BooleanField()


class AttendancePolicyOut(AttendancePolicyIn):
    """A campus's rules and their version; 0 where they are the defaults."""

    institution_id = serializers.UUIDField()
    institution = serializers.CharField()
    version = serializers.IntegerField()
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What these rules lead to that nobody would expect."
    )


class PeriodOut(serializers.Serializer[object]):
    """A period of the day."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    starts_at = serializers.TimeField()
    ends_at = serializers.TimeField()


class RollStateOut(serializers.Serializer[object]):
    """Where a roll stands."""

    id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=AttendanceSession.State.choices)
    taken_at = serializers.DateTimeField(allow_null=True)


class ExpectedRollOut(serializers.Serializer[object]):
    """A roll that is expected on a day."""

    kind = serializers.ChoiceField(choices=["daily", "period"])
    institution_id = serializers.UUIDField()
    section_id = serializers.UUIDField(allow_null=True)
    section = serializers.CharField(allow_null=True)
    class_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    room = serializers.CharField()
    period = PeriodOut(allow_null=True)
    students = serializers.IntegerField()
    roll = RollStateOut()


class MyRollOut(ExpectedRollOut):
    """A roll of yours; as a substitute or not."""

    substitute = serializers.BooleanField()


class CampusDayOut(serializers.Serializer[object]):
    """A campus's day in figures."""

    institution_id = serializers.UUIDField()
    institution = serializers.CharField()
    instructional = serializers.BooleanField()
    why = serializers.CharField(help_text="Why there is no school; empty when there is.")
    recorded = serializers.IntegerField()
    present = serializers.IntegerField()
    half = serializers.IntegerField()
    absent = serializers.IntegerField()
    excused = serializers.IntegerField()
    late = serializers.IntegerField()
    minutes_missed = serializers.IntegerField()
    rolls_expected = serializers.IntegerField()
    rolls_taken = serializers.IntegerField()


class MonthOut(serializers.Serializer[object]):
    """A month of a student's days."""

    month = serializers.CharField(help_text="2026-11")
    days = serializers.IntegerField()
    present = serializers.IntegerField()
    half = serializers.IntegerField()
    absent = serializers.IntegerField()
    excused = serializers.IntegerField()
    late = serializers.IntegerField()
    minutes_missed = serializers.IntegerField()
