"""What is charged to whom, who pays it, and what is let off."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.models import (
    Account,
    Concession,
    FeeItem,
    StudentFee,
)
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Term
from apps.students.api.about import AboutStudentOut
from apps.students.models import Student
from schoolops.api.fields import Day, Exact, RowId, whole_list

YEARS = AcademicYear.objects.select_related("institution")
TERMS = Term.objects.select_related("year__institution")
ITEMS = FeeItem.objects.select_related("institution", "year")
STUDENTS = Student.objects.select_related("institution")


class FeeItemChangeIn(serializers.Serializer[object]):
    """What of an item can be changed, for bills to come."""

    name = serializers.CharField(max_length=120)
    amount = amount(min_value=0, help_text="A term.")
    grade_level_id = RowId(
        GradeLevel, source="grade_level", required=False, allow_null=True, help_text="Null: of all grade levels."
    )
    term_id = RowId(TERMS, source="term", required=False, allow_null=True, help_text="Null: in each term of the year.")
    account_id = RowId(
        Account, source="account", required=False, help_text="An income account; that of all fees unless said."
    )
    optional = serializers.BooleanField(required=False, help_text="Charged to whom it was added.")
    prorated = serializers.BooleanField(required=False, help_text="By the days somebody is there; true unless said.")
    on_admission = serializers.BooleanField(
        required=False, help_text="Whole and once, in the term in which somebody comes to the campus first."
    )
    retired = serializers.BooleanField(required=False, help_text="Not charged any more.")


class FeeItemIn(FeeItemChangeIn):
    """An item of a year's fees, in the currency of its campus."""

    year_id = RowId(YEARS, source="year")


class FeeItemOut(serializers.Serializer[object]):
    """A line of the fee structure of a year and grade level."""

    id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    year_id = serializers.UUIDField()
    grade_level_id = serializers.UUIDField(allow_null=True)
    term_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    amount = amount()
    currency = serializers.CharField()
    account_id = serializers.UUIDField()
    optional = serializers.BooleanField()
    prorated = serializers.BooleanField()
    on_admission = serializers.BooleanField()
    retired = serializers.BooleanField()


class StudentFeeIn(serializers.Serializer[object]):
    """That a student has an optional item, or not one that the others have."""

    student_id = RowId(STUDENTS, source="student")
    item_id = RowId(ITEMS, source="item")
    kind = serializers.ChoiceField(choices=StudentFee.Kind.choices)
    starts_on = Day()
    ends_on = Day(required=False, allow_null=True, default=None, help_text="The first day it no longer holds.")


class StudentFeeOut(AboutStudentOut):
    """The same as it stands."""

    id = serializers.UUIDField()
    item_id = serializers.UUIDField()
    item = serializers.CharField()
    kind = serializers.ChoiceField(choices=StudentFee.Kind.choices)
    starts_on = Day()
    ends_on = Day(allow_null=True)


class ConcessionIn(serializers.Serializer[object]):
    """What somebody asks that a student be let off: a percentage, or an amount in each term."""

    student_id = RowId(STUDENTS, source="student")
    year_id = RowId(YEARS, source="year")
    item_id = RowId(ITEMS, source="item", required=False, allow_null=True, help_text="Null: of all items.")
    ground = serializers.ChoiceField(choices=Concession.Ground.choices)
    percent = Exact(max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False, allow_null=True)
    amount = amount(min_value=0, required=False, allow_null=True)
    reason = serializers.CharField(max_length=200)


class LateFeeRuleChangeIn(serializers.Serializer[object]):
    """What of a rule can be changed, for late fees to come."""

    cap = amount(min_value=0, help_text="What all late fees of a bill come to at most.")
    percent = Exact(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False, allow_null=True,
        help_text="Of what is left of the instalment; or an amount.",
    )  # fmt: skip
    amount = amount(min_value=0, required=False, allow_null=True)
    days = serializers.IntegerField(min_value=1, max_value=366, help_text="After the due day.")
    starts_on = Day(required=False, help_text="What was due before is charged none; today unless said.")
    retired = serializers.BooleanField(required=False, help_text="Nothing new is charged by it.")


class LateFeeRuleIn(LateFeeRuleChangeIn):
    """What a campus charges who pays late, in its currency."""

    institution_id = RowId(Institution, source="institution")


class LateFeeRuleOut(serializers.Serializer[object]):
    """The same as it stands."""

    id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    cap = amount()
    percent = Exact(max_digits=5, decimal_places=2, allow_null=True)
    amount = amount(allow_null=True)
    days = serializers.IntegerField()
    currency = serializers.CharField()
    starts_on = Day()
    retired = serializers.BooleanField()


class SiblingsIn(serializers.Serializer[object]):
    """What brothers and sisters are let off in a year, by their order."""

    year_id = RowId(YEARS, source="year")
    percents = serializers.ListField(
        child=Exact(max_digits=5, decimal_places=2, min_value=0, max_value=100),
        min_length=1,
        max_length=10,
        help_text="Of the second child, the third and so on; the last is that of all after it. The eldest pays all.",
    )


class SiblingsOut(serializers.Serializer[object]):
    """What was asked for."""

    asked = serializers.IntegerField()


class ConcessionOut(AboutStudentOut):
    """A concession; it counts once it is approved, and until it is ended."""

    id = serializers.UUIDField()
    year_id = serializers.UUIDField()
    item_id = serializers.UUIDField(allow_null=True)
    ground = serializers.ChoiceField(choices=Concession.Ground.choices)
    percent = Exact(max_digits=5, decimal_places=2, allow_null=True)
    amount = amount(allow_null=True)
    currency = serializers.CharField()
    reason = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class PaidByIn(serializers.Serializer[object]):
    """Which percentage of a student's bills is a guardian's."""

    guardian_id = serializers.UUIDField()
    percent = Exact(max_digits=5, decimal_places=2, min_value=0, max_value=100)


class PayersIn(serializers.Serializer[object]):
    """Who pays a student's bills; nobody: the first guardian who receives invoices pays all."""

    payers = serializers.ListField(child=PaidByIn(), max_length=20)


class PaidByOut(PaidByIn):
    """The same, with a name."""

    name = serializers.CharField()


PAYERS = whole_list(PaidByOut)
