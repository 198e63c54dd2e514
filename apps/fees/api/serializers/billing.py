"""Runs, bills and credit notes."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.api.serializers.charging import TERMS
from apps.fees.models import (
    Invoice,
    InvoiceRun,
    RunOutcome,
)
from apps.students.api.about import AboutStudentOut
from schoolops.api.fields import Day, RowId


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

    item_id = serializers.UUIDField(allow_null=True, help_text="Null: a late fee.")


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
