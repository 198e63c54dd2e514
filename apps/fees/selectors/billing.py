"""Fee items, what is charged to whom, runs and bills, as they are read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, LPad

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.selectors import AskedCampuses, asked_campuses
from apps.access.services import Asking, at_campuses
from apps.accounts.models import User
from apps.fees.errors import RunUnknown
from apps.fees.models import (
    Allocation,
    Concession,
    CreditNote,
    FeeItem,
    Instalment,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    Payer,
    RunOutcome,
    StudentFee,
)
from apps.fees.selectors.charges import Draft, drafts, split, totals
from apps.fees.selectors.payments import (
    child_followed,
    of_student,
    payments_to_follow,
    standing,
    sum_of,
    with_sums,
)
from apps.institutions.models import Institution
from apps.students.models import Enrolment, SectionMembership, Student
from schoolops import money
from schoolops.folding import holding
from schoolops.tenancy.compiled import KEY, PUBLIC_ID, Compiled, Parameter, any_of, by_shape

VIEW = "fees.view"
SAMPLES = 3
# Of those who are left out for one reason, so many are named.
NAMED = 100
# A bill's number as somebody types it.
NUMBER = re.compile(r"(?:(?P<year>\d{4})-)?(?P<number>\d{1,9})", re.ASCII)


def items_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """The fee items of the campuses in reach."""
    return FeeItem.objects.filter(at_campuses(by, permission, "institution"))


def choices_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """What students have or opted out of, at the campuses in reach."""
    return StudentFee.objects.filter(at_campuses(by, permission, "item__institution"))


def concessions_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """Concessions of the campuses in reach."""
    return Concession.objects.filter(at_campuses(by, permission, "year__institution"))


def payers_of(student: UUID, *, by: User, permission: str = VIEW) -> list[dict[str, Any]]:
    """Who pays a student's bills, where somebody was said. Raises ``PermissionMissing``, ``OutOfReach``."""
    found, _campus = account_at(student, permission, by=by)
    rows = Payer.objects.filter(student=found).select_related("guardian").order_by("pk")
    return [
        {"guardian_id": row.guardian.sourced_id, "name": row.guardian.full_name, "percent": row.percent} for row in rows
    ]


def account_at(student: UUID, permission: str, *, campus: UUID | None = None, by: User) -> tuple[Student, Institution]:
    """A student and a campus that may bill them: ``campus``, or theirs, or else another one where they are enrolled.

    Raises:
        PermissionMissing, OutOfReach: there is none at which ``by`` holds ``permission``.
    """
    found = _STUDENT.first(student=student) or Student()
    # Who may nothing is told so before who is nobody's.
    billing = campuses_billing(found, permission, by=by)
    asked = [each for each in billing if campus in {None, each.sourced_id}]
    if not asked:
        raise OutOfReach
    return found, next((each for each in asked if each.pk == found.institution_id), asked[0])


def campuses_billing(student: Student, permission: str, *, by: User) -> list[Institution]:
    """The campuses that may bill a student (which have a record of theirs, or where they are enrolled), of those at
    which ``by`` holds ``permission``. Raises ``PermissionMissing``."""
    access.require(by, permission)
    asked = asked_campuses(by, permission)
    billing: Compiled[Institution] = by_shape(("fees.campuses-billing", asked.limited), lambda: _billing(asked))
    return billing.all(student=student.pk, **asked.values)


_STUDENT: Compiled[Student] = Compiled(
    lambda: Student.objects.select_related("institution").filter(sourced_id=Parameter("student", PUBLIC_ID))
)


def _billing(at: AskedCampuses) -> QuerySet[Any, Institution]:
    student: Any = Parameter("student", KEY)
    records = Student.objects.filter(Q(pk=student) | Q(merged_into=student)).values("institution")
    enrolled = Enrolment.objects.filter(student=student).values("institution")
    there = Institution.objects.filter(at_campuses(at, at.permission, "pk"))
    return there.filter(Q(pk__in=records) | Q(pk__in=enrolled)).order_by("name", "pk")


# --- runs -------------------------------------------------------------------------------------------------------------
def runs_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """Runs of the campuses in reach, each with how many students have which outcome."""
    seen = InvoiceRun.objects.filter(at_campuses(by, permission, "term__year__institution"))
    counts: dict[str, Any] = {
        outcome.replace("-", "_"): Count("outcomes", filter=Q(outcomes__outcome=outcome))
        for outcome in RunOutcome.Outcome.values
    }
    runs: QuerySet[Any] = seen.annotate(**counts)
    return runs


def outcomes_seen(run: UUID, *, by: User) -> QuerySet[Any]:
    """What became of each student of a run. Raises ``RunUnknown``."""
    return RunOutcome.objects.filter(run=_run(run, by=by))


def _run(run: UUID, *, by: User) -> InvoiceRun:
    seen = InvoiceRun.objects.filter(at_campuses(by, VIEW, "term__year__institution"), sourced_id=run)
    found: InvoiceRun | None = seen.select_related("term__year__institution").first()
    if found is None:
        raise RunUnknown
    return found


def preview_of(run: UUID, *, by: User) -> dict[str, Any]:
    """What a run would bill if it were confirmed now, in a few statements for any school. Raises ``RunUnknown``."""
    found = _run(run, by=by)
    currency = found.term.year.institution.currency
    made = drafts(found.term)
    sums = totals(made)
    return {
        "currency": currency,
        "total": money.shown(sums["total"], currency),
        "students": sums["students"],
        "items": [
            {
                "item_id": said["item"].sourced_id,
                "name": said["item"].name,
                "students": said["students"],
                "charged": money.shown(said["amount"], currency),
                "taken_off": money.shown(said["taken_off"], currency),
            }
            for said in sums["items"]
        ],
        "sections": _by_section(found, made, currency),
        "left_out": _left_out(made, sums["left_out"]),
        "samples": _samples(made, currency),
    }


def _by_section(run: InvoiceRun, made: Mapping[int, Draft], currency: str) -> list[dict[str, Any]]:
    """What each section comes to; a student counts in the last one they were in by the term's end."""
    members = SectionMembership.objects.filter(
        student__in=list(made), section__year=run.term.year, starts_on__lte=run.term.ends_on
    ).exclude(ends_on=F("starts_on"))
    last = {row.student_id: row.section for row in members.order_by("starts_on").select_related("section__grade_level")}
    found: dict[Any, dict[str, Any]] = {}
    for draft in made.values():
        if draft.why:
            continue
        section = last.get(draft.student)
        said = found.setdefault(section, {"students": 0, "total": Decimal(0)})
        said["students"] += 1
        said["total"] += draft.total
    ordered = sorted(found, key=lambda each: (each is None, each and (each.grade_level.position, each.name)))
    return [
        {
            "section_id": section and section.sourced_id,
            "name": str(section or ""),
            "students": found[section]["students"],
            "total": money.shown(found[section]["total"], currency),
        }
        for section in ordered
    ]


def _left_out(made: Mapping[int, Draft], counted: Mapping[str, int]) -> list[dict[str, Any]]:
    """Why students are left out, how many, and who the first of them by name are."""
    of = {draft.student: draft.why for draft in made.values() if draft.why}
    rows = Student.objects.filter(pk__in=list(of)).order_by("name_key", "pk")
    who: dict[str, list[dict[str, Any]]] = {why: [] for why in counted}
    for key, *said in rows.values_list("pk", *_ABOUT):
        named = who[of[key]]
        if len(named) < NAMED:
            named.append(dict(zip(("student_id", *_ABOUT[1:]), said, strict=True)))
    return [{"why": why, "students": number, "who": who[why]} for why, number in counted.items()]


_ABOUT = ("sourced_id", "given_name", "family_name", "admission_number")


def _samples(made: Mapping[int, Draft], currency: str) -> list[dict[str, Any]]:
    """Three bills as they would be: the largest, the smallest above nothing, and one between."""
    billed = sorted(
        (draft for draft in made.values() if not draft.why), key=lambda draft: (-draft.total, draft.student)
    )
    places = sorted({0, len(billed) // 2, len(billed) - 1} & set(range(len(billed))))
    chosen = [billed[place] for place in places][:SAMPLES]
    students = Student.objects.in_bulk([draft.student for draft in chosen])
    found = []
    for draft in chosen:
        student = students[draft.student]
        payer, lines = split(draft, currency)[0]
        signs = [(line, line.amount if line.concession is None else -line.amount) for line in lines]
        found.append(
            {
                "student_id": student.sourced_id,
                "given_name": student.given_name,
                "family_name": student.family_name,
                "admission_number": student.admission_number,
                "bill_to": payer.name,
                "total": money.shown(sum((amount for _line, amount in signs), Decimal(0)), currency),
                "lines": [
                    {"text": line.charge.item.name, "amount": money.shown(amount, currency)} for line, amount in signs
                ],
            }
        )
    return found


# --- bills ------------------------------------------------------------------------------------------------------------
def of_bills(invoices: QuerySet[Any]) -> QuerySet[Any]:
    """``invoices``, each with ``credited_sum``, ``paid_sum``, ``left_sum`` and ``first_due_on``."""
    due = Instalment.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    found: QuerySet[Any] = invoices.annotate(
        credited_sum=sum_of(CreditNote.objects.all(), "invoice", Sum("amount")),
        paid_sum=sum_of(Allocation.objects.all(), "invoice", standing()),
        first_due_on=Subquery(due.annotate(first=Min("due_on")).values("first")),
    )
    rest = F("total") - F("credited_sum") - F("paid_sum")
    left: QuerySet[Any] = found.annotate(
        left_sum=Case(
            When(state=Invoice.State.ISSUED, then=rest), default=Value(0, DecimalField()), output_field=DecimalField()
        )
    )
    return left


def with_ahead(invoices: QuerySet[Any], day: dt.date) -> QuerySet[Any]:
    """``invoices``, each with ``ahead_sum``: its instalments from ``day`` on. More is left: the rest is overdue."""
    later = Instalment.objects.filter(due_on__gte=day)
    found: QuerySet[Any] = invoices.annotate(ahead_sum=sum_of(later, "invoice", Sum("amount")))
    return found


def invoices_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """The bills of the campuses in reach."""
    return of_bills(Invoice.objects.filter(at_campuses(by, permission, "institution")))


def numbered_as(words: str) -> Q:
    """Bills, or payments, of the number that ``words`` are (2026-000123, or 123), or of students whom they name."""
    said = NUMBER.fullmatch(words.strip())
    found = holding(words, "student__searched")
    if said is None:
        return found
    of_year = {"year": int(said["year"])} if said["year"] else {}
    return found | Q(number=int(said["number"]), **of_year)


def whose(row: Any) -> int | None:
    """Whose bill or payment it is, a guardian by key: who was merged into another is that one."""
    return None if row.guardian is None else row.guardian.merged_into_id or row.guardian_id


def invoices_followed(student: UUID, *, by: User) -> QuerySet[Any]:
    """A student's bills that are ``by``'s to pay, or the family's, for who is their guardian.

    Not those of the other parent: whose guardian it is, the bill says. Who holds the permission over more students, to
    be able to give it, sees no family's bills by it.

    Raises:
        PermissionMissing, OutOfReach.
    """
    return of_bills(_to_follow(child_followed(student, by=by), by))


def _to_follow(child: Any, by: Any) -> QuerySet[Any, Invoice]:
    theirs = Q(guardian__isnull=True) | Q(guardian__user=by) | Q(guardian__merged_into__user=by)
    return Invoice.objects.filter(theirs, of_student(child))


@dataclass(frozen=True, slots=True)
class Followed:
    """What a family reads of a student's bills: each with what is left and its due days, and what was paid."""

    bills: list[tuple[Any, list[dt.date]]]
    payments: list[Any]


_CHILD, _USER = Parameter("child", KEY), Parameter("user", KEY)


def asked_bills() -> QuerySet[Any]:
    """``invoices_followed`` of a ``child`` whom a ``user`` follows, both by key, for a compiled statement."""
    return of_bills(_to_follow(_CHILD, _USER))


def asked_payments() -> QuerySet[Any]:
    """``payments_followed``, likewise."""
    return with_sums(payments_to_follow(_CHILD, _USER))


_BILLS: Compiled[Any] = Compiled(lambda: asked_bills().order_by("-pk"))
_PAYMENTS: Compiled[Any] = Compiled(lambda: asked_payments().order_by("-pk"))
_DUE: Compiled[tuple[int, dt.date]] = Compiled(
    lambda: Instalment.objects.filter(any_of("invoice", "bills")).order_by("due_on").values_list("invoice", "due_on")
)


def account_of_family(student: UUID, *, by: User) -> Followed:
    """``invoices_followed`` and ``payments_followed``, the latest first: who asks is looked at once. Four statements.

    Raises:
        PermissionMissing, OutOfReach.
    """
    asked = {"child": child_followed(student, by=by).pk, "user": by.pk}
    bills = _BILLS.all(**asked)
    due: dict[int, list[dt.date]] = {bill.pk: [] for bill in bills}
    for bill, day in _DUE.all(bills=list(due)) if due else ():
        due[bill].append(day)
    return Followed([(bill, due[bill.pk]) for bill in bills], _PAYMENTS.all(**asked))


def with_parts(invoice: dict[str, Any]) -> dict[str, Any]:
    """A bill by its ``id``, with its lines and its instalments: two more statements."""
    of = {"invoice__sourced_id": invoice["id"]}
    lines = [
        {
            "item_id": line.item and line.item.sourced_id,
            "text": line.text,
            "amount": money.shown(line.amount if line.concession_id is None else -line.amount, line.currency),
        }
        for line in InvoiceLine.objects.filter(**of).select_related("item").order_by("pk")
    ]
    parts = [
        {"due_on": part.due_on, "amount": money.shown(part.amount, part.currency)}
        for part in Instalment.objects.filter(**of).order_by("due_on")
    ]
    return {**invoice, "lines": lines, "instalments": parts}


def credit_notes_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """What was credited at the campuses in reach."""
    return CreditNote.objects.filter(at_campuses(by, permission, "institution"))


def printed_number() -> Combinable:
    """The SQL of a number as it is printed: 2026-000123."""
    number = LPad(Cast("number", CharField()), 6, Value("0"))
    return Concat(Cast("year", CharField()), Value("-"), number)
