"""What the API of the timetable takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.institutions.api.serializers import Rostered
from apps.institutions.models import CourseClass, Institution
from apps.timetable.models import Period
from schoolops.api.fields import Day, RowId

CLASSES = CourseClass.objects.select_related("institution", "year")
FIRST_DAY_NO_LONGER = "The first day on which it no longer meets; null: until the year is closed."


class PeriodIn(serializers.Serializer[object]):
    """A period of the day to add or change; times are the institution's."""

    institution_id = RowId(Institution, source="institution")
    name = serializers.CharField(max_length=40)
    position = serializers.IntegerField(min_value=0, max_value=32767)
    starts_at = serializers.TimeField()
    ends_at = serializers.TimeField()


class TimetablePeriodOut(Rostered):
    """“Period 3”, 10:05 to 10:50, institution time."""

    institution_id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    starts_at = serializers.TimeField()
    ends_at = serializers.TimeField()


class MeetingIn(serializers.Serializer[object]):
    """When a class meets, to add or change."""

    class_id = RowId(CLASSES, source="course_class")
    period_id = RowId(Period, source="period")
    weekday = serializers.IntegerField(min_value=1, max_value=7, help_text="ISO: 1 is Monday.")
    room = serializers.CharField(max_length=60, allow_blank=True, required=False)
    starts_on = Day()
    ends_on = Day(required=False, allow_null=True, help_text=FIRST_DAY_NO_LONGER)


class MeetingOut(serializers.Serializer[object]):
    """A class meets in this period on this weekday."""

    id = serializers.UUIDField()
    class_id = serializers.UUIDField()
    class_title = serializers.CharField()
    period_id = serializers.UUIDField()
    period_name = serializers.CharField()
    starts_at = serializers.TimeField()
    ends_at = serializers.TimeField()
    weekday = serializers.IntegerField(help_text="ISO: 1 is Monday.")
    room = serializers.CharField()
    starts_on = Day()
    ends_on = Day(allow_null=True, help_text=FIRST_DAY_NO_LONGER)
