"""What a term's fees come to for each student, and who is asked for them: computed for all in a few statements."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from django.db.models import F, Max, Q, QuerySet, Sum

from apps.fees.models import Concession, FeeItem, InvoiceLine, Payer, StudentFee
from apps.institutions.models import Term
from apps.students.models import Enrolment, StudentGuardian
from schoolops import clock, money

Days = tuple[dt.date, dt.date]
NONE: Mapping[int, Decimal] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Charge:
    """What an item comes to for a student, before and after what is taken off it. ``days`` of the term's ``of``."""

    item: FeeItem
    amount: Decimal
    days: int
    of: int
    taken_off: Mapping[int, Decimal] = field(default_factory=dict)
    # Of an item of which one payer's share was made void: for which payers, by their place, and which parts stand.
    places: tuple[int, ...] = ()
    taken: frozenset[int] = frozenset()

    @property
    def net(self) -> Decimal:
        return self.amount - sum(self.taken_off.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Share:
    """One payer of a student's bills; ``guardian`` null: the family, where nobody is named."""

    guardian: int | None
    name: str
    percent: Decimal


@dataclass(slots=True)
class Draft:
    """What a student would be billed for. ``why`` not: "nothing-to-charge", "billed-already", "conceded-in-full"."""

    student: int
    charges: list[Charge] = field(default_factory=list)
    payers: list[Share] = field(default_factory=list)
    why: str = ""

    @property
    def total(self) -> Decimal:
        return sum((charge.net for charge in self.charges), Decimal(0))


def drafts(term: Term, students: Collection[int] | None = None) -> dict[int, Draft]:
    """The draft of each student who is enrolled at the term's campus on one of its days; of ``students`` only."""
    currency = term.year.institution.currency
    whole = (term.starts_on, term.ends_on + dt.timedelta(days=1))
    items = list(
        FeeItem.objects.filter(Q(term=term) | Q(term__isnull=True), year=term.year, retired=False)
        .select_related("account")
        .order_by("name", "pk")
    )
    stays = _stays(term, whole, students)
    about = {"student__in": list(stays)}
    chosen: dict[int, dict[int, StudentFee]] = defaultdict(dict)
    for row in StudentFee.objects.filter(**about, item__in=items):
        chosen[row.student_id][row.item_id] = row
    concessions: dict[int, list[Concession]] = defaultdict(list)
    granted = Concession.objects.filter(**about, year=term.year, approved_at__isnull=False, ended_at__isnull=True)
    for concession in granted.order_by("pk"):
        concessions[concession.student_id].append(concession)
    billed = _billed(stays, term)
    payers, used = _payers(stays), _used(granted, term)
    new = _newcomers(term, stays) if any(item.on_admission for item in items) else set()
    found = {}
    for student, spans in stays.items():
        theirs = [item for item in items if student in new or not item.on_admission]
        charged = _charged(theirs, spans, whole, chosen[student])
        unbilled = (_unbilled(each, billed.get((student, each.item.pk)), payers[student]) for each in charged)
        fresh = [charge for charge in unbilled if charge is not None]
        reduced = conceded(fresh, concessions[student], currency, used)
        draft = Draft(student, reduced, payers[student])
        if not draft.total:
            draft.why = "conceded-in-full" if fresh else "billed-already" if charged else "nothing-to-charge"
        found[student] = draft
    return found


@dataclass(slots=True)
class _Standing:
    """What stands of an item on bills of a term: how much, to which guardians, in which parts; whether some is void."""

    amount: Decimal = Decimal(0)
    guardians: set[int | None] = field(default_factory=set)
    parts: set[int] = field(default_factory=set)
    void: bool = False


def _billed(students: Iterable[int], term: Term) -> dict[tuple[int, int], _Standing]:
    """(student, item) → what stands of it. What another record of the child was billed for is billed.

    What is charged once was charged in whichever term that was.
    """
    keys = list(students)
    theirs = Q(student__in=keys) | Q(student__merged_into__in=keys)
    then = Q(term=term) | Q(term__year=term.year_id, item__on_admission=True)
    lines = InvoiceLine.objects.filter(theirs, then, concession__isnull=True)
    found: dict[tuple[int, int], _Standing] = {}
    for student, into, item, guardian, part, amount, standing in lines.values_list(
        "student", "student__merged_into", "item", "invoice__guardian", "part", "amount", "standing"
    ):
        row = found.setdefault((into or student, item), _Standing())
        if standing:
            row.amount += amount
            row.guardians.add(guardian)
            row.parts.add(part)
        else:
            row.void = True
    return found


def _unbilled(charge: Charge, standing: _Standing | None, payers: Sequence[Share]) -> Charge | None:
    """What of a charge no bill that stands asks for: all of it, the shares whose bills were made void, or nothing."""
    if standing is None or not standing.parts:
        return charge
    rest = charge.amount - standing.amount
    places = tuple(place for place, payer in enumerate(payers) if payer.guardian not in standing.guardians)
    if not standing.void or not places or rest <= 0:
        return None
    parts = money.shared(charge.amount, [payer.percent for payer in payers], charge.item.currency)
    amount = min(sum((parts[place] for place in places), Decimal(0)), rest)
    if amount <= 0:
        return None
    return Charge(charge.item, amount, charge.days, charge.of, {}, places, frozenset(standing.parts))


def _stays(term: Term, whole: Days, students: Collection[int] | None) -> dict[int, list[tuple[int, Days]]]:
    """Student → (grade level, days in the term) of each of their enrolments there."""
    there = Enrolment.objects.filter(year=term.year, primary=True, entered_on__lt=whole[1])
    there = there.filter(student__merged_into__isnull=True)
    if students is not None:
        there = there.filter(student__in=list(students))
    found: dict[int, list[tuple[int, Days]]] = defaultdict(list)
    rows = there.order_by("student", "entered_on").values_list(
        "student", "grade_level", "entered_on", "exited_on", "year_ends_on"
    )
    for student, level, entered, exited, ends in rows:
        if span := clock.common(whole, (entered, exited or ends + dt.timedelta(days=1))):
            found[student].append((level, span))
    return dict(found)


def _newcomers(term: Term, students: Iterable[int]) -> set[int]:
    """Whose first enrolment at the campus begins in the term, or in the days since the one before it.

    Of a campus's first term those are the days of its year.
    """
    there = Term.objects.filter(year__institution=term.year.institution_id, ends_on__lt=term.starts_on)
    before = there.aggregate(last=Max("ends_on"))["last"]
    since = term.year.starts_on if before is None else before + dt.timedelta(days=1)
    keys = list(students)
    theirs = Q(student__in=keys) | Q(student__merged_into__in=keys)
    rows = Enrolment.objects.filter(theirs, institution=term.year.institution, primary=True)
    # Who was entered and never came was not there.
    rows = rows.exclude(exited_on__lte=F("entered_on"))
    first: dict[int, dt.date] = {}
    for student, into, entered in rows.values_list("student", "student__merged_into", "entered_on"):
        key = into or student
        first[key] = min(entered, first.get(key, entered))
    return {student for student, entered in first.items() if since <= entered <= term.ends_on}


def _charged(
    items: Sequence[FeeItem], stays: Sequence[tuple[int, Days]], whole: Days, chosen: Mapping[int, StudentFee]
) -> list[Charge]:
    of = (whole[1] - whole[0]).days
    found = []
    for item in items:
        row = chosen.get(item.pk)
        if item.optional != (row is not None and row.kind == StudentFee.Kind.ADDED):
            continue
        days = 0
        for level, span in stays:
            if item.grade_level_id in {None, level}:
                days += _days_charged(span, row)
        if days:
            in_part = item.prorated and not item.on_admission and days != of
            due = Fraction(item.amount) * Fraction(days, of) if in_part else item.amount
            amount = money.rounded(due, item.currency)
            if amount:
                found.append(Charge(item, amount, days, of))
    return found


def _days_charged(span: Days, row: StudentFee | None) -> int:
    days = (span[1] - span[0]).days
    if row is None:
        return days
    common = clock.common(span, (row.starts_on, row.ends_on))
    within = 0 if common is None else (common[1] - common[0]).days
    return within if row.kind == StudentFee.Kind.ADDED else days - within


def _used(granted: QuerySet[Concession], term: Term) -> dict[int, Decimal]:
    """What bills of the term that stand have already taken off, of each of the concessions that are an amount."""
    lines = InvoiceLine.objects.filter(
        concession__in=granted.filter(amount__isnull=False).order_by().values("pk"), term=term, standing=True
    )
    return dict(lines.values_list("concession").annotate(sum=Sum("amount")))


def conceded(
    charges: Iterable[Charge], concessions: Sequence[Concession], currency: str, used: Mapping[int, Decimal] = NONE
) -> list[Charge]:
    """``charges`` with what is taken off each: percentages of the whole first, then amounts, never below zero.

    ``used``: what of an amount was taken off in the term before, by concession.
    """
    charges = list(charges)
    if not concessions:
        return charges
    taken: list[dict[int, Decimal]] = [{} for _each in charges]

    def room(place: int) -> Decimal:
        return charges[place].amount - sum(taken[place].values(), Decimal(0))

    for concession in sorted(concessions, key=lambda each: (each.percent is None, each.pk)):
        left = None if concession.amount is None else concession.amount - used.get(concession.pk, Decimal(0))
        for place, charge in enumerate(charges):
            if concession.item_id not in {None, charge.item.pk}:
                continue
            if concession.percent is not None:
                off = money.rounded(Fraction(charge.amount) * Fraction(concession.percent) / 100, currency)
            else:
                off = left or Decimal(0)
            off = min(off, room(place))
            if off > 0:
                taken[place][concession.pk] = off
                left = None if left is None else left - off
    return [
        Charge(charge.item, charge.amount, charge.days, charge.of, off, charge.places, charge.taken)
        for charge, off in zip(charges, taken, strict=True)
    ]


def _payers(students: Iterable[int]) -> dict[int, list[Share]]:
    """Who pays for each: the payers that were said, or the first guardian who receives invoices, or the family."""
    students = list(students)
    found: dict[int, list[Share]] = defaultdict(list)
    rows = Payer.objects.filter(student__in=students).select_related("guardian").order_by("pk")
    for row in rows:
        found[row.student_id].append(Share(row.guardian_id, row.guardian.full_name, row.percent))
    links = (
        StudentGuardian.objects.filter(student__in=[each for each in students if each not in found])
        .filter(receives_invoices=True)
        .select_related("guardian")
        .order_by("contact_priority")
    )
    for link in links:
        if not found[link.student_id]:
            found[link.student_id].append(Share(link.guardian_id, link.guardian.full_name, Decimal(100)))
    for student in students:
        if not found[student]:
            found[student].append(Share(None, "", Decimal(100)))
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one payer's bill."""

    charge: Charge
    concession: int | None
    amount: Decimal
    # Of how many payers its item has, from 0: no two that stand are one.
    part: int


def split(draft: Draft, currency: str) -> list[tuple[Share, list[Line]]]:
    """Each payer's lines: together they are the draft's, and no bill is below zero. Nothing left is no bill."""
    lines: list[list[Line]] = [[] for _each in draft.payers]
    for charge in draft.charges:
        places = charge.places or tuple(range(len(draft.payers)))
        weights = [draft.payers[place].percent for place in places]
        free = (number for number in itertools.count() if number not in charge.taken)
        parts = money.shared(charge.amount, weights, currency)
        room = list(parts)
        taken: dict[int, list[Decimal]] = {}
        for concession, amount in charge.taken_off.items():
            taken[concession] = money.shared_within(amount, weights, room, currency)
            room = [limit - part for limit, part in zip(room, taken[concession], strict=True)]
        for number, (place, part) in enumerate(zip(places, parts, strict=True)):
            called = next(free)
            if part:
                lines[place].append(Line(charge, None, part, called))
            for concession, shares in taken.items():
                if shares[number]:
                    lines[place].append(Line(charge, concession, shares[number], called))
    return [
        (payer, said) for payer, said in zip(draft.payers, lines, strict=True) if bill_total(said) > 0
    ]  # fmt: skip


def bill_total(lines: Iterable[Line]) -> Decimal:
    """What lines come to: what is charged, less what is taken off."""
    return sum((line.amount if line.concession is None else -line.amount for line in lines), Decimal(0))


def totals(found: Mapping[int, Draft]) -> dict[str, Any]:
    """What drafts come to: in all, for each item, and how many are left out, by why."""
    by_item: dict[int, dict[str, Any]] = {}
    left_out: dict[str, int] = defaultdict(int)
    for draft in found.values():
        if draft.why:
            left_out[draft.why] += 1
        for charge in draft.charges:
            said = by_item.setdefault(
                charge.item.pk, {"item": charge.item, "students": 0, "amount": Decimal(0), "taken_off": Decimal(0)}
            )
            said["students"] += 1
            said["amount"] += charge.amount
            said["taken_off"] += charge.amount - charge.net
    return {
        "total": sum((draft.total for draft in found.values()), Decimal(0)),
        "students": sum(1 for draft in found.values() if not draft.why),
        "items": [by_item[key] for key in sorted(by_item, key=lambda pk: (by_item[pk]["item"].name, pk))],
        "left_out": dict(sorted(left_out.items())),
    }
