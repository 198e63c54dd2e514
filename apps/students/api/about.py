"""What lists about students, of whatever app, ask for and show."""

from __future__ import annotations

from django.db.models import Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Trim
from rest_framework import serializers

from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns

SECTION = Parameter(parameters.public_id, where="section__sourced_id", about="One section only.")
STUDENT = Parameter(parameters.public_id, where="student__sourced_id", about="One student only.")


class AboutStudentOut(serializers.Serializer[object]):
    """Who a row is about."""

    student_id = serializers.UUIDField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    admission_number = serializers.CharField()


class OnRosterOut(serializers.Serializer[object]):
    """Who stands on a roster, as whoever works down the list knows them."""

    student_id = serializers.UUIDField()
    given_name = serializers.CharField()
    middle_name = serializers.CharField()
    family_name = serializers.CharField()
    preferred_name = serializers.CharField()
    admission_number = serializers.CharField()
    roll_number = serializers.IntegerField(allow_null=True)


class PersonOut(serializers.Serializer[object]):
    """Somebody with a login."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class StudentChangeOut(AboutStudentOut):
    """One line of a history: what was said of a student before and after, who changed it and when."""

    version = serializers.IntegerField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    by_id = serializers.UUIDField(allow_null=True)
    by = serializers.CharField()
    at = serializers.DateTimeField()


def student_columns() -> dict[str, str]:
    """Who a row is about."""
    return {
        "student_id": "student__sourced_id",
        "given_name": "student__given_name",
        "family_name": "student__family_name",
        "admission_number": "student__admission_number",
    }


def change_columns(version: str) -> Columns:
    """Those of ``StudentChangeOut``; ``version`` is the column that says of which version a change is."""
    return {
        **student_columns(),
        "version": version,
        "before": "before",
        "after": "after",
        "by_id": "by__sourced_id",
        "by": name_of("by"),
        "at": "at",
    }


def name_of(user: str) -> Combinable:
    """The name of the user that ``user`` points to; empty where it points to nobody."""
    return Trim(Concat(f"{user}__given_name", Value(" "), f"{user}__family_name"))
