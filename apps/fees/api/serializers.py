"""What the API of fees takes and gives. Amounts are texts with the decimals of their currency: "12.50", or "1200"."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.fees.models import (
    Account,
    Concession,
    FeeItem,
    Invoice,
    InvoiceRun,
    LedgerEntry,
    Payment,
    Refund,
    RunOutcome,
    StudentFee,
)
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Term
from apps.students.api.about import AboutStudentOut
from apps.students.models import Guardian, Student
from schoolops import money
from schoolops.api.fields import Day, Exact, RowId, whole_list


def amount(**options: Any) -> Exact:
    """An amount of money. How many decimals its currency has, and that it is above zero, the service says."""
    return Exact(max_digits=money.MAX_DIGITS, decimal_places=money.PLACES, **options)


# --- books ------------------------------------------------------------------------------------------------------------
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


# --- charging ---------------------------------------------------------------------------------------------------------
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


# --- bills ------------------------------------------------------------------------------------------------------------
class InvoiceRunIn(serializers.Serializer[object]):
    """The bills of a term, to be looked at before they are made."""

    term_id = RowId(TERMS, source="term")
    due_on = serializers.ListField(
        child=Day(), min_length=1, max_length=12, help_text="Days, in order, on which equal parts are due."
    )


class InvoiceRunOut(serializers.Serializer[object]):
    """A run, and how many students have which outcome."""

    id = serializers.UUIDField()
    term_id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    due_on = serializers.ListField(child=Day())
    state = serializers.ChoiceField(choices=InvoiceRun.State.choices)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    waiting = serializers.IntegerField()
    billed = serializers.IntegerField()
    left_out = serializers.IntegerField()
    refused = serializers.IntegerField()


class PreviewItemOut(serializers.Serializer[object]):
    """What an item comes to in a run."""

    item_id = serializers.UUIDField()
    name = serializers.CharField()
    students = serializers.IntegerField()
    charged = amount()
    taken_off = amount(help_text="By concessions.")


class PreviewSectionOut(serializers.Serializer[object]):
    """What a section comes to in a run."""

    section_id = serializers.UUIDField(allow_null=True, help_text="Null: of those in no section by the term's end.")
    name = serializers.CharField()
    students = serializers.IntegerField()
    total = amount()


class PreviewLeftOutOut(serializers.Serializer[object]):
    """How many are not billed, and why."""

    why = serializers.ChoiceField(choices=["billed-already", "conceded-in-full", "nothing-to-charge"])
    students = serializers.IntegerField()
    who = AboutStudentOut(many=True, help_text="The first hundred of them by name.")


class PreviewLineOut(serializers.Serializer[object]):
    """A line of a bill."""

    text = serializers.CharField()
    amount = amount(help_text="Above zero where it is charged, below where it is taken off.")


class PreviewSampleOut(AboutStudentOut):
    """A bill as it would be."""

    bill_to = serializers.CharField()
    total = amount()
    lines = PreviewLineOut(many=True)


class PreviewOut(serializers.Serializer[object]):
    """What a run would bill if it were confirmed now."""

    currency = serializers.CharField()
    total = amount(help_text="Confirm the run with this.")
    students = serializers.IntegerField()
    items = PreviewItemOut(many=True)
    sections = PreviewSectionOut(many=True)
    left_out = PreviewLeftOutOut(many=True)
    samples = PreviewSampleOut(many=True)


class InvoiceRunConfirmIn(serializers.Serializer[object]):
    """What the run comes to, as the preview said."""

    total = amount(min_value=0)


class RunOutcomeOut(AboutStudentOut):
    """What became of one student in a run."""

    outcome = serializers.ChoiceField(choices=RunOutcome.Outcome.choices)
    why = serializers.CharField()
    amount = amount()
    currency = serializers.CharField()


class InvoiceOut(AboutStudentOut):
    """A bill. What is still to be paid is its total less what is credited and what is paid."""

    id = serializers.UUIDField()
    number = serializers.CharField(help_text="Without gaps, for each campus and calendar year.")
    institution_id = serializers.UUIDField()
    guardian_id = serializers.UUIDField(allow_null=True, help_text="To whom; null: to the family.")
    bill_to = serializers.CharField()
    term_id = serializers.UUIDField()
    issued_on = Day()
    due_on = Day(help_text="When its first instalment is due.")
    total = amount()
    credited = amount()
    paid = amount()
    left = amount(help_text="Still to be paid; nothing of a bill that is void.")
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=Invoice.State.choices)
    void_reason = serializers.CharField()


class InvoiceLineOut(PreviewLineOut):
    """A line of a bill."""

    item_id = serializers.UUIDField()


class InstalmentOut(serializers.Serializer[object]):
    """A part of a bill."""

    due_on = Day()
    amount = amount()


class InvoiceWholeOut(InvoiceOut):
    """A bill with what stands on it."""

    lines = InvoiceLineOut(many=True)
    instalments = InstalmentOut(many=True)


class ReasonIn(serializers.Serializer[object]):
    """Why."""

    reason = serializers.CharField(max_length=200)


class CreditNoteIn(ReasonIn):
    """What is no longer asked for."""

    amount = amount(min_value=0)


class CreditNoteOut(serializers.Serializer[object]):
    """What was credited of a bill."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    invoice_id = serializers.UUIDField()
    issued_on = Day()
    amount = amount()
    currency = serializers.CharField()
    reason = serializers.CharField()


# --- payments ---------------------------------------------------------------------------------------------------------
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


class RefundOut(serializers.Serializer[object]):
    """What of a payment went back."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Refund.Kind.choices)
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    amount = amount()
    day = Day()
    reason = serializers.CharField()


class PaidBillOut(serializers.Serializer[object]):
    """What of a payment pays a bill."""

    invoice_id = serializers.UUIDField()
    number = serializers.CharField()
    amount = amount()


class PaymentWholeOut(PaymentOut):
    """A payment with the bills it pays and what went back."""

    pays = PaidBillOut(many=True)
    refunds = RefundOut(many=True)


class RefundIn(ReasonIn):
    """What is given back."""

    amount = amount(min_value=0)
    method = serializers.ChoiceField(
        choices=Payment.Method.choices, required=False, help_text="As it came; a cheque from the bank."
    )


class ChargebackIn(ReasonIn):
    """What a card's bank took back."""

    amount = amount(min_value=0, required=False, help_text="All that is left of it, unless said.")


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
