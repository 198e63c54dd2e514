"""Books, their accounts, and what is posted."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.models import (
    Account,
    LedgerEntry,
)
from apps.institutions.models import Institution
from schoolops.api.fields import Day, RowId


class BooksOut(serializers.Serializer[object]):
    """That a campus keeps books."""

    id = serializers.UUIDField(help_text="The campus's.")
    institution = serializers.CharField()
    currency = serializers.CharField()
    closed_through = Day(allow_null=True, help_text="Nothing is posted on this day or before; null: nothing is closed.")


class CloseIn(serializers.Serializer[object]):
    """Through which day books are closed, for good."""

    closed_through = Day(help_text="A day that is over at the campus.")


class AccountChangeIn(serializers.Serializer[object]):
    """What of an account can be changed."""

    code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=Account.Kind.choices, help_text="Fixed once something is posted there.")
    retired = serializers.BooleanField(required=False, help_text="Nothing new is posted there.")


class AccountIn(serializers.Serializer[object]):
    """An account to add, in the currency of its campus."""

    institution_id = RowId(Institution, source="institution")
    code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=Account.Kind.choices)


class AccountOut(serializers.Serializer[object]):
    """An account and the sums of its entries."""

    id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Account.Kind.choices)
    purpose = serializers.ChoiceField(
        choices=[("", ""), *Account.Purpose.choices], help_text="What is posted there by itself; empty: nothing is."
    )
    currency = serializers.CharField()
    retired = serializers.BooleanField()
    debit = amount(help_text="The sum of what was debited.")
    credit = amount(help_text="The sum of what was credited.")
    balance = amount(help_text="Debit less credit of assets and expenses, credit less debit of the others.")


class LedgerEntryOut(serializers.Serializer[object]):
    """One leg of a transaction."""

    number = serializers.IntegerField()
    transaction = serializers.IntegerField(help_text="The legs of one transaction have this in common.")
    institution_id = serializers.UUIDField()
    day = Day()
    account_id = serializers.UUIDField()
    account = serializers.CharField()
    side = serializers.ChoiceField(choices=LedgerEntry.Side.choices)
    amount = amount()
    currency = serializers.CharField()
    student_id = serializers.UUIDField(allow_null=True)
    source_kind = serializers.CharField()
    source_id = serializers.UUIDField()
    purpose = serializers.CharField()
    memo = serializers.CharField()


class LegIn(serializers.Serializer[object]):
    """An amount above zero on one side of an account."""

    account_id = serializers.UUIDField()
    side = serializers.ChoiceField(choices=LedgerEntry.Side.choices)
    amount = amount(min_value=0)


class PostingIn(serializers.Serializer[object]):
    """What is posted by hand: its legs sum to zero."""

    institution_id = RowId(Institution, source="institution")
    day = Day(help_text="Today at the campus or before, in a period that is not closed.")
    memo = serializers.CharField(max_length=200)
    legs = serializers.ListField(child=LegIn(), min_length=2, max_length=100)


class PostingOut(serializers.Serializer[object]):
    """What was posted."""

    id = serializers.UUIDField(help_text="As `source_id` of its entries.")
    transaction = serializers.IntegerField()
