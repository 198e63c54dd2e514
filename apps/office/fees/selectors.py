"""What the pages of fees show beside what the app tells everybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from apps.access.selectors import permissions_of
from apps.access.services import at_campuses
from apps.accounts.models import User
from apps.fees import selectors
from apps.fees.errors import InvoiceUnknown, PaymentUnknown, RunUnknown
from apps.fees.models import Concession, CreditNote, Instalment, InvoiceLine, InvoiceRun, Payer, StudentFee
from apps.institutions.models import AcademicYear, Institution, Term
from apps.office.errors import NoCampusYet
from apps.students.models import Enrolment, Guardian, Student, StudentGuardian
from apps.students.selectors import matching

MOST_RUNS = 20
FOUND = 20


def may(permission: str, by: User) -> bool:
    """Whether ``by`` holds ``permission`` anywhere; the service asks at which campus."""
    return permission in permissions_of(by)


def receipt_seen(payment: UUID, *, by: User) -> bool:
    """Whether ``by``, who may have taken it, may look at a payment."""
    return may("fees.view", by) and selectors.payments_seen(by=by).filter(sourced_id=payment).exists()


def terms_to_bill(*, by: User) -> QuerySet[Term]:
    """Terms of years that are not closed, of campuses where ``by`` bills families."""
    there = Term.objects.filter(at_campuses(by, "fees.charge", "year__institution"))
    open_ones = there.exclude(year__state=AcademicYear.State.CLOSED).select_related("year__institution")
    return open_ones.order_by("year__institution__name", "-year__starts_on", "starts_on", "pk")


def years_to_set_up(*, by: User) -> QuerySet[AcademicYear]:
    """Years of campuses where ``by`` sets up fees, the latest first."""
    there = AcademicYear.objects.filter(at_campuses(by, "fees.charge", "institution"))
    return there.select_related("institution").order_by("-starts_on", "institution__name", "pk")


def latest_runs(*, by: User) -> list[InvoiceRun]:
    """The latest runs, each with how many students have which outcome. One query."""
    rows = selectors.runs_seen(by=by).select_related("term__year__institution", "confirmed_by").order_by("-pk")
    return list(rows[:MOST_RUNS])


def run_seen(run: UUID, *, by: User) -> Any:
    """A run with its counts. Raises ``PermissionMissing``, ``RunUnknown``."""
    rows = selectors.runs_seen(by=by).select_related("term__year__institution", "confirmed_by")
    found = rows.filter(sourced_id=run).first()
    if found is None:
        raise RunUnknown
    return found


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill and everything that stands on it."""

    invoice: Any
    lines: list[InvoiceLine]
    instalments: list[Instalment]
    notes: list[CreditNote]


def invoice_seen(invoice: UUID, *, by: User) -> Any:
    """A bill with what is credited of it. Raises ``PermissionMissing``, ``InvoiceUnknown``."""
    rows = selectors.invoices_seen(by=by).select_related("student", "guardian__user", "term__year", "institution")
    found = rows.filter(sourced_id=invoice).first()
    if found is None:
        raise InvoiceUnknown
    return found


def payment_seen(payment: UUID, *, by: User) -> Any:
    """A payment with what of it pays bills and what went back. Raises ``PermissionMissing``, ``PaymentUnknown``."""
    rows = selectors.payments_seen(by=by).select_related("student", "institution", "by")
    found = rows.filter(sourced_id=payment).first()
    if found is None:
        raise PaymentUnknown
    return found


def paid_on(invoice: Any) -> list[tuple[Any, Decimal]]:
    """Which payments pay a bill, and how much of it each, the first one first. Two statements."""
    return selectors.payers_to(invoice)[::-1]


def campuses_seen(*, by: User, permission: str = "fees.view") -> list[Institution]:
    """The campuses at which ``by`` holds ``permission``. Raises ``PermissionMissing``."""
    return list(Institution.objects.filter(at_campuses(by, permission, "pk")).order_by("name", "pk"))


def campus_asked(asked: str, permission: str, *, by: User) -> tuple[Institution, list[Institution]]:
    """The campus of that id, else the first of those where ``by`` holds ``permission``; and all of these.

    Raises:
        PermissionMissing; NoCampusYet; Http404 where there is none in reach.
    """
    there = campuses_seen(by=by, permission=permission)
    if not there and not asked and not Institution.objects.exists():
        raise NoCampusYet
    found = next((each for each in there if str(each.sourced_id) == asked), None) if asked else next(iter(there), None)
    if found is None:
        raise Http404
    return found, there


def bill_of(invoice: Any) -> Bill:
    """``invoice`` with its parts: three more statements."""
    return Bill(
        invoice,
        list(invoice.lines.select_related("item", "concession").order_by("pk")),
        list(invoice.instalments.order_by("due_on")),
        list(invoice.credit_notes.select_related("by").order_by("pk")),
    )


def students_called(words: str, *, by: User, permission: str = "fees.view") -> list[Student]:
    """Students of the campuses in reach whose name or number holds every word, leavers too. One query."""
    there = Student.objects.kept().filter(_billed_where(at_campuses(by, permission, "institution")), matching(words))
    return list(there.order_by("name_key", "pk")[:FOUND])


def students_to_choose(
    campus: Institution, *, by: User, words: str = "", named: Iterable[UUID | str] = ()
) -> list[Student]:
    """Whose money ``by`` may take at a campus: those ``named``, then those whom ``words`` find. Two queries at most."""
    at = Q(institution=campus) & Q(at_campuses(by, "fees.collect", "institution"))
    there = Student.objects.kept().filter(_billed_where(at)).order_by("name_key", "pk")
    rows = list(there.filter(sourced_id__in=list(named)))
    if words:
        rows += [row for row in there.filter(matching(words))[:FOUND] if row not in rows]
    return rows


def _billed_where(at: Q) -> Q:
    """Whoever is enrolled at a campus is billed there, wherever their record is."""
    return at and at | Q(pk__in=Enrolment.objects.filter(at).values("student"))


@dataclass(frozen=True, slots=True)
class Charged:
    """What of a student's fees is their own: what they have or not, and what they are not charged."""

    choices: list[StudentFee]
    concessions: list[Concession]
    payers: list[dict[str, Any]]


def charged_to(student: Student, *, by: User) -> Charged:
    """The additions, opt-outs, concessions and payers of a student."""
    choices = selectors.choices_seen(by=by).filter(student=student).select_related("item__year")
    concessions = selectors.concessions_seen(by=by).filter(student=student)
    return Charged(
        list(choices.order_by("-item__year__starts_on", "item__name", "pk")),
        list(concessions.select_related("year", "item", "asked_by", "approved_by").order_by("-pk")),
        selectors.payers_of(student.sourced_id, by=by),
    )


def shares_of(student: Student) -> dict[str, Decimal]:
    """Who is said to pay for a student → their percentage. One query."""
    rows = Payer.objects.filter(student=student).values_list("guardian__sourced_id", "percent")
    return {str(guardian): percent for guardian, percent in rows}


def guardians_of(student: Student) -> list[Guardian]:
    """A student's guardians who receive invoices, who is called first first. One query."""
    links = StudentGuardian.objects.filter(student=student, receives_invoices=True).select_related("guardian")
    return [link.guardian for link in links.order_by("contact_priority", "pk")]


def bills_of(student: Student, *, by: User) -> list[Any]:
    """The bills of a student and of records that became theirs, the latest first. One query."""
    rows = selectors.invoices_seen(by=by).select_related("term__year")
    theirs = rows.filter(student=student) | rows.filter(student__merged_into=student)
    return list(theirs.order_by("-pk"))
