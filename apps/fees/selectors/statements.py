"""What somebody owes and how it came to that, who is behind and for how long, and what came in: read, never kept."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Least, TruncMonth

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.fees.errors import PayerOfAnother
from apps.fees.models import Instalment, Invoice, Payment, Refund
from apps.fees.selectors import entries
from apps.fees.selectors.billing import VIEW, account_at, of_bills, with_ahead
from apps.fees.selectors.entries import kept_from, of_guardian
from apps.fees.selectors.payments import child_followed, children_followed
from apps.institutions.models import Institution
from apps.students.models import Enrolment, Guardian, Student, StudentGuardian
from schoolops.tenancy.compiled import KEY, Compiled, Parameter, any_of

NOTHING = Decimal(0)
# Days overdue from which each column of debtors counts; below the first: not due yet.
AGES = (1, 31, 61, 91)


# --- statements -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Entry:
    """A line: a bill, late-fee, credit-note, payment or a kind of refund. What is owed grows by ``amount``."""

    day: dt.date
    kind: str
    number: str
    student: str
    amount: Decimal
    balance: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything between a family and a campus, the oldest first; ``balance`` below zero is paid ahead."""

    institution: Institution
    entries: list[Entry]
    balance: Decimal


def family_at(guardian: Guardian, institution: Institution) -> QuerySet[Student]:
    """The students of a campus whose guardian this is; of whom they are kept away from, who was billed to them."""
    enrolled = Enrolment.objects.filter(institution=institution).values("student")
    there = Q(institution=institution) | Q(pk__in=enrolled)
    theirs = Student.objects.kept().filter(there, guardian_links__guardian=guardian)
    of = Q(student=OuterRef("pk")) | Q(student__merged_into=OuterRef("pk"))
    billed = Invoice.objects.filter(of, of_guardian(guardian))
    return theirs.exclude(Q(pk__in=kept_from(guardian)) & ~Exists(billed))


def account_told(
    student: UUID, *, guardian: UUID | None = None, campus: UUID | None = None, by: User
) -> tuple[list[Student], Institution, Guardian | None]:
    """Of whom a statement is: a student at a campus, theirs unless said, or all children there of a ``guardian``.

    Raises:
        PermissionMissing, OutOfReach, PayerOfAnother.
    """
    found, at = account_at(student, VIEW, campus=campus, by=by)
    if guardian is None:
        return [found], at, None
    whose = Guardian.objects.filter(sourced_id=guardian).select_related("user").first()
    of = [] if whose is None else list(family_at(whose, at).order_by("name_key", "pk"))
    if found not in of:
        raise PayerOfAnother
    return of, at, whose


def account_followed(
    student: UUID, *, campus: UUID | None = None, by: User
) -> tuple[list[Student], Institution, Guardian]:
    """The same for ``by`` as a guardian, with all the children they follow at a campus, the student's unless said.

    Raises:
        PermissionMissing, OutOfReach.
    """
    child = child_followed(student, by=by)
    at = Institution.objects.filter(Q(pk=child.institution_id) if campus is None else Q(sourced_id=campus)).first()
    enrolled = Enrolment.objects.filter(institution=at).values("student")
    of = list(children_followed(by=by).filter(Q(institution=at) | Q(pk__in=enrolled)).order_by("name_key", "pk"))
    if at is None or child not in of:
        raise OutOfReach
    return of, at, Guardian.objects.select_related("user").get(user=by)


def statement_of(
    students: Iterable[Student], institution: Institution, *, guardian: Guardian | None = None
) -> Statement:
    """What was billed, credited, paid and given back, at one campus: four statements for any number of entries.

    With a ``guardian``, in a fifth, what is theirs or the family's (theirs alone of a child they are kept away from).
    The other parent's bills are not told, nor what pays them; what anybody's money pays of theirs is.
    """
    asked: dict[str, Any] = {"students": [student.pk for student in students], "campus": institution.pk}
    of_one = guardian is not None
    parts: dict[int, Decimal] = {}
    if guardian is not None:
        asked["guardian"] = guardian.pk
        parts = dict(entries.told(entries.parts, of_one=True).all(**asked))
    asked["parts"] = list(parts)
    made = [
        *(Entry(bill.issued_on, _kind(bill), bill.called_number, bill.student.full_name, bill.total)
          for bill in entries.told(entries.bills, of_one=of_one).all(**asked)),
        *(Entry(note.issued_on, "credit-note", f"{note}", note.invoice.student.full_name, -note.amount)
          for note in entries.told(entries.notes, of_one=of_one).all(**asked)),
        *(Entry(paid.day, "payment", paid.receipt, paid.student.full_name, -parts.get(paid.pk, paid.amount))
          for paid in entries.told(entries.payments, of_one=of_one).all(**asked) if parts.get(paid.pk, paid.amount)),
        *(Entry(row.day, row.kind, row.payment.receipt, row.payment.student.full_name, row.amount)
          for row in entries.told(entries.refunds, of_one=of_one).all(**asked)),
    ]  # fmt: skip
    balance, lines = NOTHING, []
    for entry in sorted(made, key=lambda each: each.day):
        balance += entry.amount
        lines.append(Entry(entry.day, entry.kind, entry.number, entry.student, entry.amount, balance))
    return Statement(institution, lines, balance)


def _kind(bill: Invoice) -> str:
    return "late-fee" if hasattr(bill, "late_fee") else "bill"


# --- debtors ----------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Debtor:
    """What is left of a student's bills, by how long it is overdue: not yet, then by ``AGES``."""

    student: Student
    ages: list[Decimal] = field(default_factory=lambda: [NOTHING] * (len(AGES) + 1))
    oldest: dt.date | None = None

    @property
    def overdue(self) -> Decimal:
        return sum(self.ages[1:], NOTHING)

    @property
    def total(self) -> Decimal:
        return sum(self.ages, NOTHING)


def debtors(institution: Institution, day: dt.date, *, by: User) -> list[Debtor]:
    """Who owes something that is overdue on ``day``, who owes most of it first: two statements for any school.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, VIEW, institution)
    return _overdue(_owed_at(institution), day)


# A bill, the day on which a part of it is due, and what is left of that.
Owed = tuple[Any, dt.date, Decimal]


def open_parts(invoices: QuerySet[Any]) -> list[Owed]:
    """What is left of each instalment of ``invoices`` (which say ``left_sum``): bill, day, amount. Two statements."""
    return _parts_left(invoices.filter(left_sum__gt=0).select_related("student__merged_into"))


def _parts_left(invoices: Iterable[Any]) -> list[Owed]:
    """The same of bills that are read. What is paid pays the first instalments, so the last ones are what is left."""
    rows = {row.pk: row for row in invoices}
    left = {key: row.left_sum for key, row in rows.items()}
    found = []
    for bill, due_on, asked in _INSTALMENTS.all(bills=list(rows)) if rows else ():
        amount = min(asked, left[bill])
        left[bill] -= amount
        if amount:
            found.append((rows[bill], due_on, amount))
    return found


_INSTALMENTS: Compiled[tuple[int, dt.date, Decimal]] = Compiled(
    lambda: (
        Instalment.objects.filter(any_of("invoice", "bills"))
        .order_by("-due_on", "pk")
        .values_list("invoice", "due_on", "amount")
    )
)
_OPEN: Compiled[Any] = Compiled(
    lambda: (
        of_bills(Invoice.objects.filter(institution=Parameter("campus", KEY)))
        .filter(left_sum__gt=0)
        .select_related("student__merged_into", "guardian__user")
    )
)


def _owed_at(institution: Institution) -> list[Owed]:
    """What is left of each instalment of a campus's bills. Two statements."""
    return _parts_left(_OPEN.all(campus=institution.pk))


def _overdue(owed: Iterable[Owed], day: dt.date) -> list[Debtor]:
    """The debtors of what is owed, who is behind with most first."""
    found: dict[int, Debtor] = {}
    for invoice, due_on, amount in owed:
        student = invoice.student.merged_into or invoice.student
        debtor = found.setdefault(student.pk, Debtor(student))
        late = (day - due_on).days
        debtor.ages[sum(late >= age for age in AGES)] += amount
        if late > 0:
            debtor.oldest = min(due_on, debtor.oldest or due_on)
    behind = [debtor for debtor in found.values() if debtor.overdue]
    return sorted(behind, key=lambda debtor: (-debtor.overdue, debtor.student.name_key, debtor.student.pk))


@dataclass(frozen=True, slots=True)
class ToCall:
    """Of whose overdue bills no mail tells anybody, and who can be called: (name, phone), the first one first."""

    debtor: Debtor
    calls: list[tuple[str, str]]


def behind(institution: Institution, day: dt.date, *, by: User) -> tuple[list[Debtor], list[ToCall]]:
    """``debtors``, and those of them whose bills name nobody, or somebody without an address: a statement more.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, VIEW, institution)
    owed = _owed_at(institution)
    unreached = _overdue([each for each in owed if not _is_reached(each[0].guardian)], day)
    phones: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for link in _PHONES.all(students=[each.student.pk for each in unreached]) if unreached else ():
        phones[link.student_id].append((link.guardian.full_name, link.guardian.phone))
    return _overdue(owed, day), [ToCall(each, phones[each.student.pk]) for each in unreached]


_PHONES: Compiled[StudentGuardian] = Compiled(
    lambda: (
        StudentGuardian.objects.filter(any_of("student", "students"), restriction_note="")
        .exclude(guardian__phone="")
        .select_related("guardian")
        .order_by("contact_priority", "pk")
    )
)


def _is_reached(guardian: Guardian | None) -> bool:
    """Whether a mail reaches whom a bill is for."""
    return guardian is not None and bool(guardian.email or (guardian.user and guardian.user.email))


# --- the cash book ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Taking:
    """Money that came in (or, below zero, went out) on a day."""

    kind: str
    payment: UUID
    method: str
    receipt: str
    student: Student
    amount: Decimal
    by: str
    reference: str


def cash_book(institution: Institution, day: dt.date, *, by: User) -> list[Taking]:
    """What came in and went out at a campus on a day, as it was entered: two statements.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, VIEW, institution)
    payments = Payment.objects.filter(institution=institution, day=day).select_related("student", "by")
    back = Refund.objects.filter(payment__institution=institution, day=day)
    came = [
        Taking(
            "payment", row.sourced_id, row.method, row.receipt, row.student, row.amount, str(row.by or ""),
            row.reference,
        )
        for row in payments.order_by("pk")
    ]  # fmt: skip
    went = [
        Taking(
            row.kind, row.payment.sourced_id, row.method, row.payment.receipt, row.payment.student, -row.amount,
            str(row.by or ""), row.reason,
        )
        for row in back.select_related("payment__student", "by").order_by("pk")
    ]  # fmt: skip
    return came + went


def by_method(takings: Sequence[Taking]) -> dict[str, Decimal]:
    """What came in less what went out, by method."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for taking in takings:
        sums[taking.method] += taking.amount
    return dict(sorted(sums.items()))


# --- how it goes ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class MonthsDue:
    """Of what was due in a month: how much, and how much of it is paid or credited."""

    month: dt.date
    due: Decimal
    collected: Decimal


def collected_against_due(invoices: QuerySet[Any], months: Sequence[dt.date]) -> list[MonthsDue]:
    """For each month (its first day, one after the other) what was due in it and what of that is settled.

    One statement. What is settled of a bill settles its first instalments.
    """
    until = (months[-1].replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    later = Instalment.objects.filter(invoice=OuterRef("invoice"), due_on__gt=OuterRef("due_on")).order_by()
    after = Subquery(later.values("invoice").annotate(sum=Sum("amount")).values("sum"), output_field=DecimalField())
    left = Subquery(invoices.filter(pk=OuterRef("invoice")).values("left_sum"), output_field=DecimalField())
    zero = Value(NOTHING, output_field=DecimalField())
    parts = Instalment.objects.filter(due_on__gte=months[0], due_on__lt=until)
    parts = parts.filter(invoice__in=invoices.filter(state=Invoice.State.ISSUED).values("pk"))
    opened = parts.annotate(
        month=TruncMonth("due_on"), open=Least(F("amount"), Greatest(zero, left - Coalesce(after, zero)))
    )
    rows = opened.order_by().values("month").annotate(due=Sum("amount"), unpaid=Sum("open"))
    found = {row["month"]: row for row in rows}
    return [
        MonthsDue(month, found[month]["due"], found[month]["due"] - found[month]["unpaid"])
        if month in found
        else MonthsDue(month, NOTHING, NOTHING)
        for month in months
    ]


def overdue_sum(invoices: QuerySet[Any], day: dt.date) -> Decimal:
    """What of ``invoices`` is overdue on ``day``. One statement."""
    behind = with_ahead(invoices, day).filter(left_sum__gt=F("ahead_sum"))
    found: Decimal | None = behind.aggregate(sum=Sum(F("left_sum") - F("ahead_sum")))["sum"]
    return found or NOTHING


def taken_on(institution: Institution, day: dt.date) -> Decimal:
    """What came in at a campus on ``day`` less what went out. Two statements."""
    came = Payment.objects.filter(institution=institution, day=day)
    went = Refund.objects.filter(payment__institution=institution, day=day)
    one, other = (rows.aggregate(sum=Sum("amount"))["sum"] or NOTHING for rows in (came, went))
    return Decimal(one - other)
