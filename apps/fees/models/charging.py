"""What is charged to whom, and who pays it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.fees.models.ledger import Account
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Term
from apps.students.models import Guardian, Student
from schoolops import folding, money
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import PublicRow, called


class FeeItem(PublicRow):
    """A line of the fee structure of a year and grade level, charged in each term; in one where it says which.

    ``grade_level`` null: of all. ``optional``: charged to whom it was added; the others have it unless they opted out.
    ``prorated``: who is there for a part of the term is charged that part of it, by days. ``on_admission``: whole and
    once, in the term in which somebody comes to the campus first.
    """

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    year = models.ForeignKey(AcademicYear, on_delete=models.PROTECT, db_index=False, related_name="fee_items")
    grade_level = models.ForeignKey(GradeLevel, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    name = models.CharField(max_length=120)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    amount = money.column()
    currency = models.CharField(max_length=3)
    optional = models.BooleanField(default=False)
    prorated = models.BooleanField(default=True)
    on_admission = models.BooleanField(default=False, db_default=False)
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                F("year"), F("grade_level"), F("term"), folding.Fold("name"), nulls_distinct=False, name="fee_item_once"
            ),
            models.CheckConstraint(condition=money.fits(), name="fee_item_amount_fits"),
        )

    def __str__(self) -> str:
        return self.name


class StudentFee(PublicRow):
    """That a student has an optional item, or not one that the others have, during ``[starts_on, ends_on)``."""

    class Kind(models.TextChoices):
        ADDED = "added"
        OPTED_OUT = "opted-out"

    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    item = models.ForeignKey(FeeItem, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    held: ClassVar[Held] = {"student": Fate.GOES}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("student", "item"), name="student_fee_once"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="student_fee_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.item)


class Concession(PublicRow):
    """A part of a year's fees that a student is not charged: of one item or of all, a percentage or an amount a term.

    It counts once somebody else than who asked has approved it, and until it is ended.
    """

    class Ground(models.TextChoices):
        SIBLING = "sibling"
        STAFF_CHILD = "staff-child"
        SCHOLARSHIP = "scholarship"
        HARDSHIP = "hardship"
        OTHER = "other"

    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    year = models.ForeignKey(AcademicYear, on_delete=models.PROTECT, db_index=False, related_name="+")
    item = models.ForeignKey(FeeItem, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    ground = models.CharField(max_length=11, choices=Ground.choices)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    amount = money.column(null=True)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {
        "student": Kept(law="fees", since=("year__ends_on",), blanks={"reason": "—"}),
        "asked_by": Fate.ACTED,
        "approved_by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount__isnull=True)
                | Q(percent__isnull=True, amount__isnull=False) & money.fits(),
                name="concession_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("asked_by")),
                name="concession_approved_by_another",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="concession_with_reason"),
        )

    def __str__(self) -> str:
        return called(self.student, self.ground)


class Payer(models.Model):
    """Which percentage of a student's bills is a guardian's; those of a student come to 100, by the database.

    A student without any: one bill, to whoever receives invoices and is asked first.
    """

    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, db_index=False, related_name="+")
    percent = models.DecimalField(max_digits=5, decimal_places=2)

    # Together they are the whole: one alone does not go.
    held: ClassVar[Held] = {
        "student": Kept(law="fees", since=("student__enrolments__year_ends_on",)),
        "guardian": Kept(law="fees", since=("student__enrolments__year_ends_on",)),
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("student", "guardian"), name="payer_once"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=100), name="payer_percent"),
        )

    def __str__(self) -> str:
        return called(self.guardian, self.student)
