"""What the API of campuses, years and teaching takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.institutions.models import (
    AcademicYear,
    CalendarDay,
    Course,
    GradeLevel,
    Institution,
    Section,
    Term,
)
from schoolops.api.fields import Day, Email, RowId
from schoolops.rows import LONGEST_NOTE, RowStatus

YEARS = AcademicYear.objects.select_related("institution")


class Rostered(serializers.Serializer[object]):
    """What every row of the roster says of itself."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RowStatus.choices)
    date_last_modified = serializers.DateTimeField()


class InstitutionFields(serializers.Serializer[object]):
    """What may be said of a campus."""

    name = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=20)
    timezone = serializers.CharField(max_length=64, help_text="IANA name, such as Europe/London.")
    currency = serializers.CharField(max_length=3, help_text="ISO 4217, such as GBP.")
    locale = serializers.CharField(max_length=12, required=False, help_text="Such as en-gb.")
    address = serializers.CharField(max_length=LONGEST_NOTE, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False)
    email = Email(allow_blank=True, required=False)
    brand_colour = serializers.CharField(max_length=7, required=False, help_text="Such as #1d4ed8.")
    weekend = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="ISO weekdays without school, such as [6, 7]."
    )


class InstitutionIn(InstitutionFields):
    """A campus to add or change."""


class InstitutionOut(Rostered, InstitutionFields):
    """A campus. ``logo`` is the address of its logo, or null."""

    logo = serializers.CharField(allow_null=True)


class YearIn(serializers.Serializer[object]):
    """A year to plan or change; both days belong to it."""

    institution_id = RowId(Institution, source="institution")
    name = serializers.CharField(max_length=60)
    starts_on = Day()
    ends_on = Day()


class YearOut(Rostered):
    """An academic year."""

    institution_id = serializers.UUIDField()
    name = serializers.CharField()
    starts_on = Day()
    ends_on = Day(help_text="The last day of the year.")
    state = serializers.ChoiceField(choices=AcademicYear.State.choices)


class TermIn(serializers.Serializer[object]):
    """A part of a year; both days belong to it."""

    year_id = RowId(YEARS, source="year")
    name = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(choices=Term.Kind.choices, required=False)
    parent_id = RowId(Term, source="parent", required=False, allow_null=True)
    starts_on = Day()
    ends_on = Day()
    posting_opens_on = Day(required=False, allow_null=True)
    posting_closes_on = Day(required=False, allow_null=True)


class TermOut(Rostered):
    """A part of a year."""

    year_id = serializers.UUIDField()
    parent_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Term.Kind.choices)
    starts_on = Day()
    ends_on = Day(help_text="The last day of the term.")
    posting_opens_on = Day(allow_null=True)
    posting_closes_on = Day(allow_null=True)


class DaysIn(serializers.Serializer[object]):
    """A stretch of days and what they are; both ends belong to it."""

    institution_id = RowId(Institution, source="institution")
    starts_on = Day()
    ends_on = Day()
    kind = serializers.ChoiceField(choices=CalendarDay.Kind.choices)
    title = serializers.CharField(max_length=120, allow_blank=True, default="")
    starts_at = serializers.TimeField(required=False, allow_null=True, default=None)
    ends_at = serializers.TimeField(required=False, allow_null=True, default=None)


class DayOut(serializers.Serializer[object]):
    """A day the calendar says something about."""

    institution_id = serializers.UUIDField()
    day = Day()
    kind = serializers.ChoiceField(choices=CalendarDay.Kind.choices)
    title = serializers.CharField()
    starts_at = serializers.TimeField(allow_null=True)
    ends_at = serializers.TimeField(allow_null=True)


class DaysChanged(serializers.Serializer[object]):
    """How many days were set or cleared."""

    days = serializers.IntegerField()


class GradeLevelIn(serializers.Serializer[object]):
    """A grade level to add or change."""

    name = serializers.CharField(max_length=60)
    code = serializers.CharField(max_length=12, help_text="OneRoster's grade, such as 07.")
    position = serializers.IntegerField(min_value=0, max_value=32767)
    next_level_id = RowId(GradeLevel, source="next_level", required=False, allow_null=True)


class GradeLevelOut(Rostered):
    """A grade level, and the one after it."""

    name = serializers.CharField()
    code = serializers.CharField()
    position = serializers.IntegerField()
    next_level_id = serializers.UUIDField(allow_null=True)


class SectionIn(serializers.Serializer[object]):
    """A homeroom group to add or change."""

    year_id = RowId(YEARS, source="year")
    grade_level_id = RowId(GradeLevel, source="grade_level")
    name = serializers.CharField(max_length=60)
    room = serializers.CharField(max_length=60, allow_blank=True, required=False)
    capacity = serializers.IntegerField(min_value=1, max_value=32767, allow_null=True, required=False)


class SectionOut(Rostered):
    """A homeroom group: “Grade 7” “B”."""

    institution_id = serializers.UUIDField()
    year_id = serializers.UUIDField()
    year_name = serializers.CharField()
    grade_level_id = serializers.UUIDField()
    grade_level_name = serializers.CharField()
    name = serializers.CharField()
    room = serializers.CharField()
    capacity = serializers.IntegerField(allow_null=True)


class CourseIn(serializers.Serializer[object]):
    """A subject to add or change."""

    institution_id = RowId(Institution, source="institution")
    code = serializers.CharField(max_length=40)
    title = serializers.CharField(max_length=200)
    grade_level_id = RowId(GradeLevel, source="grade_level", required=False, allow_null=True)
    subject = serializers.CharField(max_length=100, allow_blank=True, required=False)
    subject_code = serializers.CharField(max_length=40, allow_blank=True, required=False)


class CourseOut(Rostered):
    """A subject taught at a grade level, or at all of them."""

    institution_id = serializers.UUIDField()
    code = serializers.CharField()
    title = serializers.CharField()
    grade_level_id = serializers.UUIDField(allow_null=True)
    subject = serializers.CharField()
    subject_code = serializers.CharField()


class ClassIn(serializers.Serializer[object]):
    """A taught group to add or change; without terms it runs the whole year."""

    course_id = RowId(Course, source="course")
    year_id = RowId(YEARS, source="year")
    section_id = RowId(Section, source="section", required=False, allow_null=True)
    code = serializers.CharField(max_length=60)
    title = serializers.CharField(max_length=200)
    room = serializers.CharField(max_length=60, allow_blank=True, required=False)
    term_ids = serializers.ListField(child=RowId(Term), required=False, source="terms", max_length=40)


class ClassOut(Rostered):
    """A taught group of a course."""

    institution_id = serializers.UUIDField()
    course_id = serializers.UUIDField()
    course_title = serializers.CharField()
    year_id = serializers.UUIDField()
    section_id = serializers.UUIDField(allow_null=True)
    code = serializers.CharField()
    title = serializers.CharField()
    room = serializers.CharField()
    term_ids = serializers.ListField(child=serializers.UUIDField(), help_text="Empty: the whole year.")


class StretchOut(serializers.Serializer[object]):
    """A year or term that holds the day."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    starts_on = Day()
    ends_on = Day()


class TodayOut(serializers.Serializer[object]):
    """What today is at an institution, in its timezone."""

    institution_id = serializers.UUIDField()
    timezone = serializers.CharField()
    day = Day()
    weekday = serializers.IntegerField(help_text="ISO: 1 is Monday.")
    instructional = serializers.BooleanField()
    why = serializers.CharField(help_text="Empty, or: no-year, weekend, holiday, closure.")
    title = serializers.CharField()
    year = StretchOut(allow_null=True)
    term = StretchOut(allow_null=True)


class SchoolOut(serializers.Serializer[object]):
    """The school at this address, as its login page shows it."""

    name = serializers.CharField()
    institutions = serializers.ListField(child=serializers.DictField())
