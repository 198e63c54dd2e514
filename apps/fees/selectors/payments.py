"""What is due, what is paid and what is credit: sums, computed as they are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.db.models import Case, DecimalField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.services import Asking, at_campuses
from apps.accounts.models import User
from apps.fees.models import Allocation, CreditNote, Instalment, Invoice, LedgerTransaction, Payment, Refund
from apps.institutions.models import Institution
from apps.students.models import FamilyItem, Student
from apps.students.selectors import children_of, open_to_families
from schoolops import money
from schoolops.tenancy.compiled import DAY, KEY, PUBLIC_ID, Compiled, Parameter, by_shape

NOTHING = Decimal(0)
FOLLOW = "fees.follow"


@dataclass(frozen=True, slots=True)
class Due:
    """What is left of an instalment."""

    invoice: Invoice
    due_on: dt.date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CreditLeft:
    """What is left of a payment: it pays no bill and did not go back."""

    payment: Payment
    amount: Decimal


def standing() -> Sum:
    """The SQL of a sum of allocations, less those that were released."""
    return Sum(Case(When(released=True, then=-F("amount")), default=F("amount"), output_field=DecimalField()))


def of_student(student: Any, path: str = "student") -> Q:
    """Rows of a student, and those of records that became theirs."""
    return Q(**{path: student}) | Q(**{f"{path}__merged_into": student})


def bills_of(student: Student, institution: Institution) -> QuerySet[Invoice]:
    """A student's bills at a campus."""
    return Invoice.objects.filter(of_student(student), institution=institution)


def left_of(invoices: Iterable[Invoice]) -> dict[int, Decimal]:
    """What is still to be paid of each bill, by its key; nothing of one that is void. Two statements for any number."""
    rows = list(invoices)
    keys = [row.pk for row in rows]
    paid = Allocation.objects.filter(invoice__in=keys).values("invoice").annotate(sum=standing())
    notes = CreditNote.objects.filter(invoice__in=keys).values("invoice").annotate(sum=Sum("amount"))
    gone: dict[int, Decimal] = dict.fromkeys(keys, NOTHING)
    for found in (paid, notes):
        for row in found:
            gone[row["invoice"]] += row["sum"]
    return {row.pk: row.total - gone[row.pk] if row.state == Invoice.State.ISSUED else NOTHING for row in rows}


def due_of(student: Student, institution: Institution) -> list[Due]:
    """What is left of each instalment of a student's bills, the oldest first; what is paid pays the first of a bill."""
    bills = list(bills_of(student, institution).filter(state=Invoice.State.ISSUED).select_related("guardian"))
    left = left_of(bills)
    by_key = {bill.pk: bill for bill in bills}
    found = []
    for part in Instalment.objects.filter(invoice__in=by_key).order_by("-due_on"):
        # The last instalments are what is left.
        amount = min(part.amount, left[part.invoice_id])
        left[part.invoice_id] -= amount
        if amount > 0:
            found.append(Due(by_key[part.invoice_id], part.due_on, amount))
    return sorted(found, key=lambda due: (due.due_on, due.invoice.year, due.invoice.number))


def free_of(payments: Iterable[Payment]) -> dict[int, Decimal]:
    """What of each payment pays no bill and did not go back, by its key. Two statements for any number."""
    rows = list(payments)
    keys = [row.pk for row in rows]
    paid = Allocation.objects.filter(payment__in=keys).values("payment").annotate(sum=standing())
    back = Refund.objects.filter(payment__in=keys).values("payment").annotate(sum=Sum("amount"))
    free = {row.pk: row.amount for row in rows}
    for found in (paid, back):
        for row in found:
            free[row["payment"]] -= row["sum"]
    return free


def credit_of(student: Student, institution: Institution) -> list[CreditLeft]:
    """A student's payments of which something is left, the oldest first."""
    rows = list(Payment.objects.filter(of_student(student), institution=institution).order_by("day", "pk"))
    free = free_of(rows)
    return [CreditLeft(row, free[row.pk]) for row in rows if free[row.pk] > 0]


def paid_by(payment: Payment) -> dict[Invoice, Decimal]:
    """Which bills a payment pays, and how much of each."""
    rows = Allocation.objects.filter(payment=payment).values("invoice").annotate(sum=standing())
    held = {row["invoice"]: row["sum"] for row in rows if row["sum"] > 0}
    return {bill: held[bill.pk] for bill in Invoice.objects.filter(pk__in=held).order_by("pk")}


def payers_to(invoice: Invoice) -> list[tuple[Payment, Decimal]]:
    """Which payments pay a bill, and how much of it each, the latest first."""
    rows = Allocation.objects.filter(invoice=invoice).values("payment").annotate(sum=standing())
    held = {row["payment"]: row["sum"] for row in rows if row["sum"] > 0}
    return [(payment, held[payment.pk]) for payment in Payment.objects.filter(pk__in=held).order_by("-pk")]


def is_cleared(payment: Payment) -> bool:
    """Whether a cheque was paid by the bank."""
    source = LedgerTransaction.Source.PAYMENT
    cleared = LedgerTransaction.objects.filter(source_kind=source, source_id=payment.sourced_id, purpose="clear")
    return cleared.exists()


# --- as they are read -------------------------------------------------------------------------------------------------
def sum_of(rows: QuerySet[Any], path: str, total: Any) -> Coalesce:
    """The SQL of ``total`` over the ``rows`` of whatever ``path`` leads to; nothing where there is none."""
    summed = rows.filter(**{path: OuterRef("pk")}).order_by().values(path).annotate(sum=total).values("sum")
    return Coalesce(Subquery(summed, output_field=DecimalField()), Value(0), output_field=DecimalField())


def with_sums(payments: QuerySet[Any]) -> QuerySet[Any]:
    """``payments``, each with ``allocated_sum``, ``returned_sum`` and ``undone`` (as what, once all is)."""
    undone = Refund.objects.filter(payment=OuterRef("pk")).exclude(kind=Refund.Kind.REFUND)
    found: QuerySet[Any] = payments.annotate(
        allocated_sum=sum_of(Allocation.objects.all(), "payment", standing()),
        returned_sum=sum_of(Refund.objects.all(), "payment", Sum("amount")),
    ).annotate(
        undone=Case(
            When(returned_sum=F("amount"), then=Coalesce(Subquery(undone.values("kind")[:1]), Value(""))),
            default=Value(""),
        )
    )
    return found


def payments_seen(*, by: Asking, permission: str = "fees.view") -> QuerySet[Any]:
    """The payments of the campuses in reach."""
    return with_sums(Payment.objects.filter(at_campuses(by, permission, "institution")))


def payments_followed(student: UUID, *, by: User) -> QuerySet[Any]:
    """A student's payments whose receipts are ``by``'s, or the family's, for who is their guardian.

    Not those of the other parent, nor what nobody is named for and pays a bill of theirs.

    Raises:
        PermissionMissing, OutOfReach.
    """
    return with_sums(payments_to_follow(child_followed(student, by=by), by))


def payments_to_follow(child: Any, by: Any) -> QuerySet[Any]:
    """The same of a child whom ``by`` follows, without sums; rows, or parameters in their place."""
    of_another = Allocation.objects.filter(payment=OuterRef("pk"), invoice__guardian__isnull=False)
    own = Q(invoice__guardian__user=by) | Q(invoice__guardian__merged_into__user=by)
    familys = Q(guardian__isnull=True) & ~Exists(of_another.exclude(own))
    theirs = Q(guardian__user=by) | Q(guardian__merged_into__user=by)
    return Payment.objects.filter(theirs | familys, of_student(child))


def child_followed(student: UUID, *, by: User) -> Student:
    """A child of ``by``. Who may give guardians their rights sees no family's by that.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require(by, FOLLOW)
    reach, child = access_rows.asked_reach(by, FOLLOW, "student"), None
    if reach is None:
        child = children_followed(by=by).filter(sourced_id=student).only("pk", "institution").first()
    else:
        asked: Compiled[Student] = by_shape(("fees.child-followed", reach.shape), lambda: _followed(reach.rows()))
        child = asked.first(student=student, user=by.pk, day=access.today(by), **reach.values)
    if child is None:
        raise OutOfReach
    return child


def _followed(reach: Q) -> QuerySet[Any, Student]:
    user, day = Parameter("user", KEY), Parameter("day", DAY)
    theirs = open_to_families(FamilyItem.BILLS, day).filter(reach, children_of(cast(Any, user), cast(Any, day)))
    return theirs.filter(sourced_id=Parameter("student", PUBLIC_ID)).only("pk", "institution")


def children_followed(*, by: User) -> QuerySet[Student]:
    """The children whose bills ``by`` follows. Raises ``PermissionMissing``."""
    reach = access.within_reach(by, FOLLOW, "student")
    day = access.today(by)
    return open_to_families(FamilyItem.BILLS, day).filter(reach, children_of(by, day))


def payment_parts(payment: dict[str, Any]) -> dict[str, Any]:
    """A payment by its ``id``, with the bills it pays and what went back: two more statements."""
    of = {"payment__sourced_id": payment["id"]}
    rows = Allocation.objects.filter(**of).values(
        "invoice__sourced_id", "invoice__year", "invoice__number", "invoice__currency"
    )
    pays = [
        {
            "invoice_id": row["invoice__sourced_id"],
            "number": f"{row['invoice__year']}-{row['invoice__number']:06}",
            "amount": money.shown(row["sum"], row["invoice__currency"]),
        }
        for row in rows.annotate(sum=standing()).order_by("invoice__year", "invoice__number")
        if row["sum"]
    ]
    back = [
        {
            "id": row.sourced_id,
            "kind": row.kind,
            "method": row.method,
            "amount": money.shown(row.amount, row.currency),
            "day": row.day,
            "reason": row.reason,
        }
        for row in Refund.objects.filter(**of).order_by("pk")
    ]
    return {**payment, "pays": pays, "refunds": back}


def standing_of(student: Student, campus: Institution) -> dict[str, Any]:
    """What a student owes and has paid ahead at a campus: what is left of instalments, and of payments."""
    due, credit = due_of(student, campus), credit_of(student, campus)
    return {
        "currency": campus.currency,
        "due": money.shown(sum((each.amount for each in due), NOTHING), campus.currency),
        "credit": money.shown(sum((each.amount for each in credit), NOTHING), campus.currency),
        "instalments": [
            {
                "invoice_id": each.invoice.sourced_id,
                "number": each.invoice.called_number,
                "bill_to": each.invoice.bill_to,
                "due_on": each.due_on,
                "amount": money.shown(each.amount, campus.currency),
            }
            for each in due
        ],
        "payments": [
            {
                "payment_id": each.payment.sourced_id,
                "receipt": each.payment.receipt,
                "amount": money.shown(each.amount, campus.currency),
            }
            for each in credit
        ],
    }
