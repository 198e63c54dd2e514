"""The chart of accounts, and transactions whose entries sum to zero."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.students.models import Student
from schoolops import append_only, folding, money
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import Fitting, PublicRow, called


class Books(models.Model):
    """That a campus keeps books, and through which day they are closed: no transaction is of that day or before.

    Postings share a lock on this row and closing takes it alone, so that none slips into a period that is being closed.
    """

    institution = models.OneToOneField(Institution, on_delete=models.PROTECT, primary_key=True, related_name="books")
    closed_through = models.DateField(null=True)

    def __str__(self) -> str:
        return str(self.institution)


class Account(PublicRow):
    """A line of the chart of accounts. ``purpose``: what the programme posts there by itself, one of each a campus."""

    class Kind(models.TextChoices):
        ASSET = "asset"
        LIABILITY = "liability"
        EQUITY = "equity"
        INCOME = "income"
        EXPENSE = "expense"

    class Purpose(models.TextChoices):
        RECEIVABLE = "receivable"
        CREDIT = "credit"
        CASH = "cash"
        BANK = "bank"
        CHEQUES = "cheques"
        CARDS = "cards"
        FEES = "fees"
        LATE_FEES = "late-fees"
        CONCESSIONS = "concessions"
        DIFFERENCES = "differences"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="accounts")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    purpose = models.CharField(max_length=11, choices=Purpose.choices, blank=True)
    currency = models.CharField(max_length=3)
    # Nothing new is posted there.
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ("code", "id")
        constraints = (
            models.UniqueConstraint("institution", folding.Fold("code"), name="account_code_once"),
            models.UniqueConstraint(
                fields=("institution", "purpose"), condition=~Q(purpose=""), name="account_purpose_once"
            ),
            # The target of the entries' composite foreign key.
            models.UniqueConstraint(fields=("id", "institution", "currency"), name="account_id_institution_currency"),
            models.CheckConstraint(condition=Q(purpose="") | Q(retired=False), name="account_needed_stays"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def grows_by_debit(self) -> bool:
        """Assets and expenses do; the others grow by credit."""
        return self.kind in {self.Kind.ASSET, self.Kind.EXPENSE}


class LedgerTransaction(Fitting):
    """A fact in the books, with all of its entries from the start: ``legs`` says how many, and never changes.

    ``source_kind``, ``source_id`` and ``purpose`` say what it is about; nothing is posted twice for one of these.
    """

    class Source(models.TextChoices):
        BY_HAND = "by-hand"
        INVOICE = "invoice"
        CREDIT_NOTE = "credit-note"
        PAYMENT = "payment"
        ALLOCATION = "allocation"
        REFUND = "refund"
        DRAWER = "drawer"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    day = models.DateField()
    source_kind = models.CharField(max_length=12)
    source_id = models.UUIDField()
    purpose = models.CharField(max_length=12)
    memo = models.CharField(max_length=200, blank=True)
    legs = models.PositiveSmallIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField()

    held: ClassVar[Held] = {"by": Fate.ACTED}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("source_kind", "source_id", "purpose"), name="posted_once"),
            models.CheckConstraint(condition=Q(legs__gte=2), name="transaction_has_two_sides"),
        )

    def __str__(self) -> str:
        return called(self.memo or self.source_kind, self.day)


class LedgerEntry(models.Model):
    """One leg: an amount above zero on one side of an account, and about which student where it is about one."""

    class Side(models.TextChoices):
        DEBIT = "debit"
        CREDIT = "credit"

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, db_index=False, related_name="entries")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="entries"
    )
    side = models.CharField(max_length=6, choices=Side.choices)
    amount = money.column()
    currency = models.CharField(max_length=3)
    student = models.ForeignKey(Student, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")

    held: ClassVar[Held] = {"student": Kept(law="fees", since=("transaction__day",))}

    class Meta:
        constraints = (
            models.CheckConstraint(condition=money.fits(), name="entry_amount_fits"),
            models.CheckConstraint(condition=Q(side__in=("debit", "credit")), name="entry_has_a_side"),
        )

    def __str__(self) -> str:
        return called(self.account, self.transaction)


append_only.declare("fees_ledgertransaction")
append_only.declare("fees_ledgerentry")
