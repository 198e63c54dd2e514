"""Statements, debtors, the cash book and the drawer."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.models import Payment, Refund
from apps.students.api.about import AboutStudentOut
from schoolops.api.fields import Day

BACK = [(kind.value, kind.label) for kind in Refund.Kind]
ENTRIES = [("bill", "Bill"), ("late-fee", "Late fee"), ("credit-note", "Credit note"), ("payment", "Payment"), *BACK]


class StatementEntryOut(serializers.Serializer[object]):
    """A line of an account: what is owed grows by its amount."""

    day = Day()
    kind = serializers.ChoiceField(choices=ENTRIES)
    number = serializers.CharField(help_text="Of the bill, the credit note or the receipt.")
    student = serializers.CharField()
    balance = amount(help_text="What is owed by then; below zero, what is paid ahead.")
    currency = serializers.CharField()
    amount = amount()


class DebtorOut(AboutStudentOut):
    """What is left of a student's bills, by how long it is overdue."""

    not_due = amount(help_text="Not due yet.")
    days_1_30 = amount()
    days_31_60 = amount()
    days_61_90 = amount()
    days_over_90 = amount()
    overdue = amount()
    total = amount()
    oldest_due_on = Day(help_text="Since when something is overdue.")
    currency = serializers.CharField()


class TakingOut(AboutStudentOut):
    """Money that came in or, below zero, went out."""

    day = Day()
    payment_id = serializers.UUIDField()
    receipt = serializers.CharField()
    kind = serializers.ChoiceField(choices=[("payment", "Payment"), *BACK])
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    currency = serializers.CharField()
    reference = serializers.CharField(help_text="What the transfer, the cheque or the reason says.")
    by = serializers.CharField(help_text="Empty: the card gateway said so.")
    amount = amount()


class DrawerOut(serializers.Serializer[object]):
    """What should lie in the drawer of a campus, by the books."""

    institution_id = serializers.UUIDField()
    day = Day()
    currency = serializers.CharField()
    opening = amount(help_text="What lay in it as the day began.")
    moved = amount(help_text="What came less what went since.")
    expected = amount()
    counted = serializers.BooleanField(help_text="Whether the day is closed.")


class DrawerCountIn(serializers.Serializer[object]):
    """What lies in the drawer as the day ends."""

    counted = amount(min_value=0)
    left = amount(min_value=0, help_text="What stays there; the rest goes to the bank.")
    reason = serializers.CharField(
        max_length=200, required=False, help_text="Where more or less was counted than the books say."
    )


class DrawerCountOut(serializers.Serializer[object]):
    """How a cashier's day was closed."""

    day = Day()
    opening = amount()
    expected = amount()
    counted = amount()
    difference = amount(help_text="Booked to *Cash over and short*.")
    left = amount()
    banked = amount()
    currency = serializers.CharField()
    reason = serializers.CharField()
    by = serializers.CharField()
