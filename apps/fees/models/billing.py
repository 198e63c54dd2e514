"""Bills: the run that makes those of a term, what stands on each, and what was credited."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.fees.models.charging import Concession, FeeItem
from apps.fees.models.ledger import Account
from apps.institutions.models import Institution, Term
from apps.students.models import Guardian, Student
from schoolops import append_only, money
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import PublicRow, called


class Series(models.Model):
    """The last number given of a kind, a campus and a year. Numbers have no gaps: each commits with what it numbers."""

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        CREDIT_NOTE = "credit-note"
        RECEIPT = "receipt"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("institution", "kind", "year"), name="series_once"),)

    def __str__(self) -> str:
        return called(self.institution, self.kind, self.year)


class InvoiceRun(PublicRow):
    """The bills of a term, made by a job once somebody has confirmed what they come to.

    ``due_on``: the days on which equal parts are due.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        CONFIRMED = "confirmed"
        DONE = "done"

    term = models.ForeignKey(Term, on_delete=models.PROTECT, db_index=False, related_name="+")
    due_on: Any = ArrayField(models.DateField())
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {"confirmed_by": Fate.ACTED}

    class Meta:
        constraints = (
            # One a term is being billed at a time.
            models.UniqueConstraint(fields=("term",), condition=Q(state="confirmed"), name="invoice_run_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="draft", confirmed_at__isnull=True)
                | ~Q(state="draft") & Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="invoice_run_confirmed_by",
            ),
        )

    def __str__(self) -> str:
        return called(self.term)


class RunOutcome(models.Model):
    """What a run makes of one student: waiting at ``amount`` as it was confirmed, then billed, or why not."""

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        BILLED = "billed"
        LEFT_OUT = "left-out"
        REFUSED = "refused"

    run = models.ForeignKey(InvoiceRun, on_delete=models.CASCADE, db_index=False, related_name="outcomes")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    why = models.CharField(max_length=40, blank=True)
    amount = money.column()
    currency = models.CharField(max_length=3)

    held: ClassVar[Held] = {"student": Kept(law="fees", since=("run__term__ends_on",))}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "student"), name="run_outcome_once"),
            models.CheckConstraint(condition=money.fits(zero=True), name="run_outcome_amount_fits"),
        )

    def __str__(self) -> str:
        return called(self.student, self.outcome)


class Invoice(PublicRow):
    """A bill, to one payer for one student. Once issued it never changes, by the database, but to be void.

    Void it becomes before anything is paid or credited on it. That it is paid, in part or overdue, is derived.
    """

    class State(models.TextChoices):
        ISSUED = "issued"
        VOID = "void"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="invoices")
    # To whom; null: to the student's family, where nobody is named.
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, null=True, db_index=False, related_name="invoices")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, db_index=False, related_name="+")
    run = models.ForeignKey(InvoiceRun, on_delete=models.PROTECT, null=True, db_index=False, related_name="invoices")
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    issued_on = models.DateField()
    bill_to = models.CharField(max_length=302)
    # All are there from the start, and none is added.
    line_count = models.PositiveSmallIntegerField()
    total = money.column()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=6, choices=State.choices, default=State.ISSUED)
    void_reason = models.CharField(max_length=200, blank=True)

    # As it was issued, the name to whom included.
    held: ClassVar[Held] = {
        "student": Kept(law="fees", since=("issued_on",)),
        "guardian": Kept(law="fees", since=("issued_on",)),
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("institution", "year", "number"), name="invoice_number_once"),
            models.CheckConstraint(condition=money.fits("total"), name="invoice_total_fits"),
            models.CheckConstraint(
                condition=Q(state="issued", void_reason="") | Q(state="void") & ~Q(void_reason=""),
                name="invoice_void_with_reason",
            ),
        )

    def __str__(self) -> str:
        return self.called_number

    @property
    def called_number(self) -> str:
        """As it is printed: 2026-000123."""
        return numbered(self.year, self.number)


def numbered(year: int, number: int) -> str:
    """A number of a series as it is printed: 2026-000123."""
    return f"{year}-{number:06}"


class InvoiceLine(models.Model):
    """What is charged for an item, or (with a concession) taken off it: an amount above zero either way.

    Without an item it is a late fee. ``student``, ``term`` and ``part`` (of how many payers, from 0) are repeated: an
    item stands once a term, for each.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, db_index=False, related_name="lines")
    item = models.ForeignKey(FeeItem, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    concession = models.ForeignKey(Concession, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, db_index=False, related_name="+")
    part = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=200)
    amount = money.column()
    currency = models.CharField(max_length=3)
    # False once its bill is void: then the item can be billed again.
    standing = models.BooleanField(default=True)

    held: ClassVar[Held] = {"student": Kept(law="fees", since=("invoice__issued_on",))}

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("student", "term", "item", "part"),
                condition=Q(standing=True, concession__isnull=True),
                name="item_billed_once",
            ),
            models.CheckConstraint(condition=money.fits(), name="invoice_line_amount_fits"),
        )

    def __str__(self) -> str:
        return self.text


class Instalment(models.Model):
    """A part of a bill, and when it is due. Those of a bill come to its total."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, db_index=False, related_name="instalments")
    due_on = models.DateField()
    amount = money.column()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ("due_on",)
        constraints = (
            models.UniqueConstraint(fields=("invoice", "due_on"), name="instalment_once"),
            models.CheckConstraint(condition=money.fits(), name="instalment_amount_fits"),
        )

    def __str__(self) -> str:
        return called(self.invoice, self.due_on)


class CreditNote(PublicRow):
    """What is no longer asked for of a bill, with a reason. All of a bill's come to its total at most."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, db_index=False, related_name="credit_notes")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    issued_on = models.DateField()
    amount = money.column()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")

    held: ClassVar[Held] = {"by": Fate.ACTED}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("institution", "year", "number"), name="credit_note_number_once"),
            models.CheckConstraint(condition=money.fits(), name="credit_note_amount_fits"),
            models.CheckConstraint(condition=~Q(reason=""), name="credit_note_with_reason"),
        )

    def __str__(self) -> str:
        return numbered(self.year, self.number)


append_only.declare("fees_instalment")
append_only.declare("fees_creditnote")
