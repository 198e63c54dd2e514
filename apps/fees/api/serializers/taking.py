"""Money that comes in, the bills it pays, and what is left of both."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.api.serializers.charging import STUDENTS
from apps.fees.api.serializers.giving_back import RefundOut
from apps.fees.models import (
    Payment,
    Refund,
)
from apps.institutions.models import Institution
from apps.students.api.about import AboutStudentOut
from apps.students.models import Guardian
from schoolops.api.fields import Day, RowId


class PaysIn(serializers.Serializer[object]):
    """Which bill is to be paid, and how much of it."""

    invoice_id = serializers.UUIDField()
    amount = amount(min_value=0)


class PaymentIn(serializers.Serializer[object]):
    """Money that came in for a student."""

    student_id = RowId(STUDENTS, source="student")
    institution_id = RowId(
        Institution, source="institution", required=False, help_text="Whose bills it pays; the student's campus."
    )
    amount = amount(min_value=0)
    currency = serializers.CharField(max_length=3, help_text="As the campus keeps its books.")
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    day = Day(required=False, help_text="When it came in: today, or before in a period that is not closed.")
    reference = serializers.CharField(
        max_length=80, required=False, allow_blank=True, help_text="The cheque's number, what the transfer said."
    )
    guardian_id = RowId(
        Guardian,
        source="guardian",
        required=False,
        allow_null=True,
        help_text="Whose receipt it is: their bills and the family's are paid first. Null: the family's.",
    )
    paid_by = serializers.CharField(
        max_length=302, required=False, allow_blank=True, help_text="As the receipt says; the guardian's name."
    )
    pays = serializers.ListField(
        child=PaysIn(), required=False, max_length=100, help_text="None: what is due first. What is left is credit."
    )


class AllocationIn(serializers.Serializer[object]):
    """Which bills are paid with what was paid ahead."""

    pays = serializers.ListField(child=PaysIn(), required=False, max_length=100, help_text="None: what is due first.")
    institution_id = RowId(
        Institution, source="institution", required=False, help_text="Whose bills; those of the student's campus."
    )


class PaymentOut(AboutStudentOut):
    """What was paid. What pays no bill and did not go back is the student's credit."""

    id = serializers.UUIDField()
    receipt = serializers.CharField(help_text="Without gaps, for each campus and calendar year.")
    institution_id = serializers.UUIDField()
    guardian_id = serializers.UUIDField(allow_null=True)
    paid_by = serializers.CharField()
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    reference = serializers.CharField()
    day = Day()
    allocated = amount(help_text="What of it pays bills.")
    returned = amount(help_text="What of it went back.")
    credit = amount(help_text="What is left.")
    currency = serializers.CharField()
    reversed_as = serializers.ChoiceField(
        choices=[("", ""), *((kind.value, kind.label) for kind in Refund.Kind if kind != Refund.Kind.REFUND)],
        help_text="Empty: it stands.",
    )
    amount = amount()


class PaidBillOut(serializers.Serializer[object]):
    """What of a payment pays a bill."""

    invoice_id = serializers.UUIDField()
    number = serializers.CharField()
    amount = amount()


class PaymentWholeOut(PaymentOut):
    """A payment with the bills it pays and what went back."""

    pays = PaidBillOut(many=True)
    refunds = RefundOut(many=True)


class DueOut(serializers.Serializer[object]):
    """What is left of an instalment."""

    invoice_id = serializers.UUIDField()
    number = serializers.CharField()
    bill_to = serializers.CharField()
    due_on = Day()
    amount = amount()


class CreditLeftOut(serializers.Serializer[object]):
    """What is left of a payment."""

    payment_id = serializers.UUIDField()
    receipt = serializers.CharField()
    amount = amount()


class StandingOut(serializers.Serializer[object]):
    """What a student owes, and what is paid ahead."""

    currency = serializers.CharField()
    due = amount()
    credit = amount()
    instalments = DueOut(many=True)
    payments = CreditLeftOut(many=True)
