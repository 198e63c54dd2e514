"""What the API of attendance takes and gives."""

from __future__ import annotations

from rest_framework import serializers


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
    records = MarkIn(many=True)


class PersonOut(serializers.Serializer[object]):
    """Somebody with a login."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class RecordOut(serializers.Serializer[object]):
    """What a roll says of one student; before it was taken, what it suggests."""

    student_id = serializers.UUIDField()
    given_name = serializers.CharField()
    middle_name = serializers.CharField()
    family_name = serializers.CharField()
    preferred_name = serializers.CharField()
    admission_number = serializers.CharField()
    roll_number = serializers.IntegerField(allow_null=True)
    on_roster = serializers.BooleanField(help_text="False: recorded, and since then no longer on the roster that day.")
    code = serializers.CharField(allow_null=True, help_text="The code that counts: the office's, else the teacher's.")
    teacher_code = serializers.CharField(allow_null=True)
    office_code = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=["present", "half", "absent"], allow_null=True)
    excused = serializers.BooleanField()
    arrived_at = serializers.TimeField(allow_null=True)
    left_at = serializers.TimeField(allow_null=True)
    remark = serializers.CharField()


class RollOut(serializers.Serializer[object]):
    """A roll, taken or not."""

    id = serializers.UUIDField(allow_null=True, help_text="Null until it is taken.")
    section_id = serializers.UUIDField(allow_null=True)
    class_id = serializers.UUIDField(allow_null=True)
    day = serializers.DateField()
    period_id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField(help_text="0 until it is taken. Send it back with PUT.")
    state = serializers.ChoiceField(choices=["open", "submitted", "locked", "reopened"])
    locked_reason = serializers.CharField()
    reopened_until = serializers.DateTimeField(allow_null=True)
    taken_by = PersonOut(allow_null=True)
    taken_at = serializers.DateTimeField(allow_null=True)
    records = RecordOut(many=True)
