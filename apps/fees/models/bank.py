"""What a bank says came in: the files it gave, and each of their lines, once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.institutions.models import Institution
from schoolops import money
from schoolops.context import current_school
from schoolops.privacy import Fate, Held
from schoolops.rows import PublicRow, called


def statement_path(statement: PublicRow, filename: str) -> str:
    """Where a bank's file is kept, below the school's own folder."""
    return f"{current_school().schema_name}/bank/{statement.sourced_id}/{filename}"


class BankStatement(PublicRow):
    """A file of a bank, read once; what became of what it says stands on its lines.

    ``counts``: ``{new, known, outgoing, pending}`` lines, ``known`` those that another file had brought. ``errors``:
    rows that could not be read, ``[{row, column, code, message, said, facts, remedy}]``. ``mapping``: which field each
    of ``headers`` holds. ``problem`` says why the file as a whole was refused.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        READ = "read"
        FAILED = "failed"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    file = models.FileField(upload_to=statement_path, max_length=300)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    account = models.CharField(max_length=60, blank=True)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    day_order = models.CharField(max_length=3, blank=True)
    counts = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    errors = models.JSONField(default=list)
    problem = models.JSONField(null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    job_id = models.BigIntegerField(null=True)

    held: ClassVar[Held] = {"by": Fate.ACTED}

    class Meta:
        constraints = (
            # The same file again is the one that is there.
            models.UniqueConstraint(fields=("institution", "sha256"), name="bank_statement_once"),
        )

    def __str__(self) -> str:
        return self.file_name


class BankLine(PublicRow):
    """Money that a bank says came in, and what became of it.

    ``key``: the same line in another file has the same. ``confidence``: of 100, that ``proposal`` is right:
    ``{parts: [{student, name, guardian, amount, pays: [{invoice, number, amount}]}], why: [...], receipts: [...]}``.
    ``payments``: what was taken of it. ``turn``: how often it was taken up again after its payments were undone.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        TAKEN = "taken"
        SET_ASIDE = "set-aside"

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, db_index=False, related_name="lines")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    key = models.CharField(max_length=64)
    row = models.PositiveIntegerField()
    day = models.DateField()
    amount = models.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.PLACES)
    # As the bank says: it may be another than the campus's.
    currency = models.CharField(max_length=3)
    payer = models.CharField(max_length=302, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    confidence = models.PositiveSmallIntegerField(default=0)
    proposal = models.JSONField(default=dict)
    problem = models.JSONField(null=True)
    payments: Any = ArrayField(models.UUIDField(), default=list)
    turn = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {"by": Fate.ACTED}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("institution", "key"), name="bank_line_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=money.BEYOND), name="bank_line_came_in"),
            models.CheckConstraint(condition=~Q(state="set-aside", reason=""), name="bank_line_aside_with_reason"),
        )

    def __str__(self) -> str:
        return called(self.payer or self.reference, self.day)
