"""What a statement of account is made of, of everybody's or of one guardian's: each read compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Case, DecimalField, Exists, F, OuterRef, Q, QuerySet, When

from apps.fees.models import Allocation, CreditNote, Invoice, Payment, Refund
from apps.fees.selectors.payments import standing, sum_of, with_sums
from apps.students.models import StudentGuardian
from schoolops.tenancy.compiled import KEY, Compiled, Parameter, any_of, by_shape

# Of whom a statement is, and from where: said when it is asked for.
_GUARDIAN: Any = Parameter("guardian", KEY)


def of_guardian(guardian: Any) -> Q:
    """What names this guardian, or a record that was merged into theirs."""
    return Q(guardian=guardian) | Q(guardian__merged_into=guardian)


def kept_from(guardian: Any) -> QuerySet[Any]:
    """The keys of the students whom ``guardian`` is kept away from."""
    return StudentGuardian.objects.filter(guardian=guardian).exclude(restriction_note="").values("student")


def told(build: Callable[[bool], QuerySet[Any, Any]], *, of_one: bool) -> Compiled[Any]:
    """A part of a statement, of everybody's or ``of_one`` guardian's."""
    return by_shape(("fees.statement", build, of_one), lambda: build(of_one))


def _of() -> Q:
    return Q(any_of("student", "students")) | Q(any_of("student__merged_into", "students"))


def _theirs(of_one: bool) -> Q:  # noqa: FBT001 - one of two shapes
    return of_guardian(_GUARDIAN) | _of_the_family(_GUARDIAN) if of_one else Q()


def _issued(of_one: bool) -> QuerySet[Any, Invoice]:  # noqa: FBT001 - one of two shapes
    here = {"institution": Parameter("campus", KEY), "state": Invoice.State.ISSUED}
    return Invoice.objects.filter(_of(), _theirs(of_one), **here)


def bills(of_one: bool) -> QuerySet[Any, Invoice]:  # noqa: FBT001 - one of two shapes
    return _issued(of_one).select_related("student", "late_fee").order_by("pk")


def notes(of_one: bool) -> QuerySet[Any, CreditNote]:  # noqa: FBT001 - one of two shapes
    credited = CreditNote.objects.filter(invoice__in=_issued(of_one).values("pk"))
    return credited.select_related("invoice__student").order_by("pk")


def _paid(of_one: bool) -> QuerySet[Any, Payment]:  # noqa: FBT001 - one of two shapes
    rows = Payment.objects.filter(_of(), institution=Parameter("campus", KEY))
    return rows.filter(_theirs(of_one) | Q(any_of("pk", "parts"))) if of_one else rows


def payments(of_one: bool) -> QuerySet[Any, Payment]:  # noqa: FBT001 - one of two shapes
    return _paid(of_one).select_related("student").order_by("pk")


def refunds(of_one: bool) -> QuerySet[Any, Refund]:  # noqa: FBT001 - one of two shapes
    back = Refund.objects.filter(payment__in=_paid(of_one).exclude(any_of("pk", "parts")).values("pk"))
    return back.select_related("payment__student").order_by("pk")


def _of_the_family(guardian: Any) -> Q:
    """Bills and payments that name nobody, of students whom ``guardian`` is not kept away from."""
    those = kept_from(guardian)
    away = Q(student__in=those) | Q(student__merged_into__isnull=False, student__merged_into__in=those)
    return Q(guardian__isnull=True) & ~away


def parts(of_one: bool) -> QuerySet[Any, Any]:  # noqa: FBT001 - one of two shapes
    """Of payments that ever paid bills of both sides, or are one's and paid another's: (key, what counts here).

    That is what they pay of the bills told and, of those that are one's own, what is left of them.
    """
    theirs, told_of = _theirs(of_one), _issued(of_one).values("pk")
    rows = Payment.objects.filter(_of(), institution=Parameter("campus", KEY))
    of = Allocation.objects.filter(payment=OuterRef("pk")).order_by()
    mine, others = Q(invoice__in=told_of), ~Q(invoice__in=told_of)
    crossing = with_sums(rows).annotate(
        own=Exists(rows.filter(theirs, pk=OuterRef("pk"))),
        here=sum_of(Allocation.objects.filter(mine), "payment", standing()),
    )
    crossing = crossing.filter(Q(own=True) & Exists(of.filter(others)) | Q(own=False) & Exists(of.filter(mine)))
    free = F("amount") - F("allocated_sum") - F("returned_sum")
    counted = Case(When(own=True, then=F("here") + free), default=F("here"), output_field=DecimalField())
    found: QuerySet[Any, Any] = crossing.annotate(counted=counted).values_list("pk", "counted")
    return found
