"""The periods of a day, and when a class meets."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.dates import WEEKDAYS

from apps.institutions.models import CourseClass, Institution, days, holds_on
from schoolops import twins
from schoolops.rows import PublicRow, Rostered, called


class Period(Rostered):
    """“Period 3”, 10:05 to 10:50, institution time."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, db_index=False, related_name="periods")
    name = models.CharField(max_length=40)
    name_twin = twins.count()
    position = models.PositiveSmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()

    class Meta:
        ordering = ("position",)
        constraints = (
            twins.once("name", within=("institution",), name="period_name_per_institution"),
            models.UniqueConstraint(fields=("institution", "position"), name="period_position_per_institution"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="period_ends_after_start"),
        )

    def __str__(self) -> str:
        return self.name


def meets_on(day: Any, weekday: Any = None) -> Q:
    """The meetings of ``day``: of its weekday (said where the day is a parameter), begun and not over."""
    return holds_on(day, "course_class__year__ends_on") & Q(weekday=weekday or day.isoweekday())


class Meeting(PublicRow):
    """A class meets in this period on this ISO weekday (1 = Monday) during ``[starts_on, ends_on)``."""

    course_class = models.ForeignKey(CourseClass, on_delete=models.CASCADE, db_index=False, related_name="meetings")
    period = models.ForeignKey(Period, on_delete=models.PROTECT, db_index=False, related_name="meetings")
    weekday = models.PositiveSmallIntegerField()
    room = models.CharField(max_length=60, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(weekday__gte=1, weekday__lte=7), name="meeting_iso_weekday"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="meeting_ends_after_start"
            ),
            ExclusionConstraint(
                name="meeting_once",
                expressions=[
                    ("course_class", RangeOperators.EQUAL),
                    ("period", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (days("starts_on", "ends_on", "[)"), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return called(self.course_class, WEEKDAYS[self.weekday - 1], self.period)
