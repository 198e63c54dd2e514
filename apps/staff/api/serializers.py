"""What the API of staff takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.accounts.models import User
from apps.institutions.api.serializers import Rostered
from apps.institutions.models import CourseClass, Institution, Section
from apps.staff.models import StaffMember, TeachingAssignment
from schoolops.api.fields import Day, Email, RowId

STAFF = StaffMember.objects.select_related("institution")
SECTIONS = Section.objects.select_related("institution", "year")
CLASSES = CourseClass.objects.select_related("institution", "year")


class StaffFields(serializers.Serializer[object]):
    """What may be said of a member of staff."""

    user_id = RowId(User, source="user", required=False, allow_null=True, help_text="Their login.")
    staff_number = serializers.CharField(max_length=40)
    given_name = serializers.CharField(max_length=100)
    family_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    email = Email(allow_blank=True, required=False)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False)
    job_title = serializers.CharField(max_length=100, allow_blank=True, required=False)
    starts_on = Day(allow_null=True, required=False)
    ends_on = Day(
        allow_null=True, required=False, help_text="The first day they no longer work here; what they teach ends then."
    )


class StaffIn(StaffFields):
    """Somebody who works here."""

    institution_id = RowId(Institution, source="institution")


class StaffChangeIn(StaffFields):
    """What to change of a member of staff."""

    version = serializers.IntegerField(required=False, help_text="The version that was read, unless sent as If-Match.")


class StaffOut(Rostered):
    """A member of staff."""

    institution_id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True)
    staff_number = serializers.CharField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    job_title = serializers.CharField()
    starts_on = Day(allow_null=True)
    ends_on = Day(allow_null=True, help_text="The first day they no longer work here.")
    version = serializers.IntegerField()


class GroupIn(serializers.Serializer[object]):
    """A person, and either a section or a class."""

    staff_id = RowId(STAFF, source="staff")
    section_id = RowId(SECTIONS, source="section", required=False, allow_null=True)
    class_id = RowId(CLASSES, source="course_class", required=False, allow_null=True)


class GroupOut(serializers.Serializer[object]):
    """A person, and either a section or a class."""

    id = serializers.UUIDField()
    staff_id = serializers.UUIDField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    section_id = serializers.UUIDField(allow_null=True)
    section_name = serializers.CharField(allow_null=True)
    grade_level_name = serializers.CharField(allow_null=True)
    class_id = serializers.UUIDField(allow_null=True)
    class_title = serializers.CharField(allow_null=True)


class AssignmentIn(GroupIn):
    """Whom somebody teaches, and from when."""

    kind = serializers.ChoiceField(choices=TeachingAssignment.Kind.choices, required=False)
    starts_on = Day()
    ends_on = Day(
        required=False, allow_null=True, help_text="The first day it no longer holds; null: until the year is closed."
    )


class AssignmentChangeIn(serializers.Serializer[object]):
    """What to change of an assignment."""

    kind = serializers.ChoiceField(choices=TeachingAssignment.Kind.choices, required=False)
    ends_on = Day(
        required=False, allow_null=True, help_text="The first day it no longer holds; null: until the year is closed."
    )


class AssignmentOut(GroupOut):
    """Whom somebody teaches."""

    kind = serializers.ChoiceField(choices=TeachingAssignment.Kind.choices)
    starts_on = Day()
    ends_on = Day(allow_null=True, help_text="The first day it no longer holds.")


class SubstitutionIn(GroupIn):
    """Who stands in, for whom, and on which day."""

    instead_of_id = RowId(STAFF, source="instead_of", required=False, allow_null=True)
    day = Day()
    reason = serializers.CharField(max_length=200, allow_blank=True, required=False)


class SubstitutionOut(GroupOut):
    """Who stands in on a day."""

    instead_of_id = serializers.UUIDField(allow_null=True)
    day = Day()
    reason = serializers.CharField(required=False, help_text="Only for whoever may change substitutions.")
