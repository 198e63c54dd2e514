"""Whose money a bank's line may be: by the bill it names, by its amount, and by who paid. A person confirms it.

Everything that a campus's lines are laid beside is read once, in a handful of statements for any number of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from apps.access.services import Asking, at_campuses
from apps.accounts.models import User
from apps.fees.errors import BankLineUnknown, BankStatementUnknown
from apps.fees.models import BankLine, BankStatement, Invoice, Payment
from apps.fees.selectors.billing import of_bills, whose
from apps.fees.selectors.statements import open_parts
from apps.institutions.models import Institution
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import money
from schoolops.folding import Fold, fold

NOTHING = Decimal(0)
# Of a hundred: from here on lines are confirmed together, below it each by itself.
SURE: Final = 75
# What is named, and what agrees with it.
_BILL, _NUMBER, _NAME, _AMOUNT_ALONE = 60, 45, 30, 20
_AMOUNT, _PAYER = 30, 10
# Something speaks against it: somebody is to look.
_DOUBTFUL: Final = 40
# As printed; as people shorten it; as a bank breaks a line in it.
_PRINTED = re.compile(r"(?<!\d)(20\d\d)[ \-./_]?(\d{6})(?!\d)")
_SHORT = re.compile(r"(?<![\d.\-/])(20\d\d)[-/]([1-9]\d{0,5})(?!\d|[.\-/]\d)")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\s,;:]+")
# By so many days a transfer that somebody entered by hand may differ from the bank's.
_NEAR = dt.timedelta(days=7)
# One bill as it is open: (bill, due on, left).
Open = tuple[Any, dt.date, Decimal]


@dataclass(frozen=True, slots=True)
class Group:
    """Who may be meant: children of one family, and the guardian by whom they were found."""

    students: tuple[int, ...]
    guardian: int | None = None


@dataclass(slots=True)
class Campus:
    """What lines are laid beside. ``due``: student → what is open, the first due first."""

    institution: Institution
    bills: dict[tuple[int, int], Any] = field(default_factory=dict)
    due: dict[int, list[Open]] = field(default_factory=lambda: defaultdict(list))
    students: dict[int, Student] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    # A word of a name → the names that have it.
    names: dict[str, list[tuple[frozenset[str], Group]]] = field(default_factory=lambda: defaultdict(list))
    guardians: dict[int, Guardian] = field(default_factory=dict)
    children: list[Group] = field(default_factory=list)
    history: dict[str, list[Group]] = field(default_factory=lambda: defaultdict(list))
    entered: list[Payment] = field(default_factory=list)
    alike: set[int] = field(default_factory=set)
    elsewhere: set[int] = field(default_factory=set)

    def open_to(self, group: Group) -> list[Open]:
        """What is open of a group, the first due first; found by a guardian, theirs and what names nobody."""
        found = [each for student in group.students for each in self.due.get(student, ())]
        if group.guardian is not None:
            found = [each for each in found if whose(each[0]) in {None, group.guardian}]
        return sorted(found, key=lambda each: (each[1], each[0].year, each[0].number))


def numbers_in(text: str) -> set[tuple[int, int]]:
    """(year, number) of the bills that a text names: 2026-000123, 2026000123, 2026/123, or broken by spaces."""
    folded = fold(text)
    bare = "".join(folded.split())
    found = [*_PRINTED.findall(folded), *_PRINTED.findall(bare), *_SHORT.findall(folded)]
    return {(int(year), int(number)) for year, number in found}


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(fold(text)) if len(word) > 1)


def propose(lines: Sequence[BankLine], institution: Institution) -> dict[int, tuple[int, dict[str, Any]]]:
    """Line → confidence and proposal. Lines in another currency have none."""
    ours = [line for line in lines if line.currency == institution.currency]
    campus = _campus(institution, ours)
    found = {line.pk: (0, dict[str, Any]()) for line in lines}
    for line in ours:
        found[line.pk] = _proposed(line, campus)
    return found


def _campus(institution: Institution, lines: Sequence[BankLine]) -> Campus:
    campus = Campus(institution)
    bills = of_bills(Invoice.objects.filter(institution=institution)).select_related("guardian")
    for bill, due_on, amount in open_parts(bills):
        campus.bills[bill.year, bill.number] = bill
        campus.due[bill.student.merged_into_id or bill.student_id].append((bill, due_on, amount))
    named = {each for line in lines for each in numbers_in(f"{line.text} {line.reference}")} - campus.bills.keys()
    if named:
        of = Q(year__in={year for year, _ in named}, number__in={number for _, number in named})
        for bill in bills.filter(of).select_related("student"):
            campus.bills.setdefault((bill.year, bill.number), bill)
    there = Student.objects.kept().filter(Q(institution=institution) | Q(pk__in=campus.due))
    for student in there:
        campus.students[student.pk] = student
        number = fold(student.admission_number)
        # A short number is any number.
        if len(number) > 3 or (len(number) > 2 and not number.isdigit()):
            campus.numbers[number] = student.pk
        _name(campus, student.full_name, Group((student.pk,)))
    children: dict[int, list[int]] = defaultdict(list)
    links = StudentGuardian.objects.filter(student__in=campus.students).select_related("guardian")
    for link in links.order_by("student__name_key", "student"):
        campus.guardians[link.guardian_id] = link.guardian
        children[link.guardian_id].append(link.student_id)
    for pk, theirs in children.items():
        family = Group(tuple(dict.fromkeys(theirs)), pk)
        campus.children.append(family)
        _name(campus, campus.guardians[pk].full_name, family)
    _remember(campus, lines)
    return campus


def _name(campus: Campus, name: str, group: Group) -> None:
    words = _words(name)
    # One word alone is too common to be a name.
    if len(words) > 1:
        for word in words:
            campus.names[word].append((words, group))


def _remember(campus: Campus, lines: Sequence[BankLine]) -> None:
    """Who was meant by the same payer before; what somebody entered by hand; what another kind of file says alike."""
    before = BankLine.objects.filter(institution=campus.institution, state=BankLine.State.TAKEN)
    before = before.annotate(folded=Fold("payer")).filter(folded__in={fold(line.payer) for line in lines} - {""})
    taken = before.values_list("folded", "payments")
    by_payment = {payment: payer for payer, payments in taken for payment in payments}
    meant: dict[str, set[int]] = defaultdict(set)
    for payment in Payment.objects.filter(sourced_id__in=list(by_payment)).select_related("student"):
        meant[by_payment[payment.sourced_id]].add(payment.student.merged_into_id or payment.student_id)
    for payer, students in meant.items():
        campus.history[payer].append(Group(tuple(sorted(students & campus.students.keys()))))
    if not lines:
        return
    first, last = min(line.day for line in lines), max(line.day for line in lines)
    entered = Payment.objects.filter(
        institution=campus.institution, method=Payment.Method.BANK, day__range=(first - _NEAR, last + _NEAR)
    ).select_related("student")
    rows = list(entered.exclude(refunds__kind__in=("reversal", "bounce")))
    from_lines = (
        BankLine.objects.filter(payments__overlap=[row.sourced_id for row in rows]) if rows else BankLine.objects.none()
    )
    known = {payment for payments in from_lines.values_list("payments", flat=True) for payment in payments}
    campus.entered = [row for row in rows if row.sourced_id not in known]
    campus.alike = _alike(campus.institution, lines)
    campus.elsewhere = _elsewhere(campus.institution, lines)


def _alike(institution: Institution, lines: Sequence[BankLine]) -> set[int]:
    """Lines of which a file of another kind has one of that day and amount: one has headers, the other none."""
    there = BankLine.objects.filter(institution=institution, day__in={line.day for line in lines})
    kinds: dict[tuple[dt.date, Decimal], set[bool]] = defaultdict(set)
    rows = list(there.values_list("pk", "day", "amount", "statement__headers"))
    for _pk, day, amount, headers in rows:
        kinds[day, amount].add(bool(headers))
    return {pk for pk, day, amount, _headers in rows if len(kinds[day, amount]) > 1}


def _elsewhere(institution: Institution, lines: Sequence[BankLine]) -> set[int]:
    """Lines that may be another campus's, whose bills have the same numbers: one sent there as well, or of an account
    that files were sent of there, and of which nothing was taken here."""
    others = list(Institution.objects.exclude(pk=institution.pk).values_list("pk", flat=True))
    there = BankLine.objects.filter(institution__in=others, key__in=[line.key for line in lines])
    keys = set(there.values_list("key", flat=True))
    of = BankStatement.objects.filter(pk__in={line.statement_id for line in lines}).exclude(account="")
    accounts = dict(of.values_list("pk", "account"))
    theirs = BankStatement.objects.filter(institution__in=others, account__in=set(accounts.values()))
    taken = BankLine.objects.filter(statement__account__in=set(accounts.values()), state=State.TAKEN)
    ours = taken.filter(institution=institution).values_list("statement__account", flat=True)
    doubtful = set(theirs.values_list("account", flat=True)) - set(ours.distinct())
    return {line.pk for line in lines if line.key in keys or accounts.get(line.statement_id) in doubtful}


def _proposed(line: BankLine, campus: Campus) -> tuple[int, dict[str, Any]]:
    said = f"{line.text} {line.reference}"
    why: list[str] = []
    bills = [campus.bills[each] for each in sorted(numbers_in(said)) if each in campus.bills]
    groups = _named(line, campus)
    confidence, parts = 0, list[dict[str, Any]]()
    if bills:
        confidence, parts = _of_bills(line, bills, groups, campus, why)
    elif numbered := _numbered(said, campus):
        why.append("number")
        confidence, parts = _of_group(line, Group(numbered), campus, why, _NUMBER)
        if any(set(numbered) & set(group.students) for group in groups):
            why.append("payer")
            confidence += _PAYER
    elif groups:
        fitting = [group for group in groups if _fits(line.amount, campus.open_to(group))]
        if len(chosen := fitting or groups) == 1:
            why.append("payer")
            confidence, parts = _of_group(line, chosen[0], campus, why, _NAME)
        else:
            why.append("several")
    else:
        owing = [pk for pk, due in campus.due.items() if line.amount in _bills_left(due)]
        if len(owing) == 1:
            confidence, parts = _of_group(line, Group((owing[0],)), campus, why, _AMOUNT_ALONE - _AMOUNT)
    meant = {part["student"] for part in parts}
    twins = [
        row
        for row in campus.entered
        if row.amount == line.amount
        and abs(row.day - line.day) <= _NEAR
        and (not meant or str(row.student.sourced_id) in meant)
    ]
    if twins:
        why.append("entered")
    if line.pk in campus.alike:
        why.append("alike")
    if line.pk in campus.elsewhere:
        why.append("elsewhere")
    if {"entered", "alike", "elsewhere", "settled"} & {*why}:
        confidence = min(confidence, _DOUBTFUL)
    receipts = [{"payment": str(row.sourced_id), "receipt": row.receipt} for row in twins]
    return confidence, {"parts": parts, "why": why, "receipts": receipts}


def _named(line: BankLine, campus: Campus) -> list[Group]:
    """Families that the line names: as who paid before, as payer, else a child in the text."""
    groups = list(campus.history.get(fold(line.payer), ()))
    for text in (line.payer, line.text):
        if groups:
            break
        words = _words(text)
        near = {(names, group) for word in words for names, group in campus.names.get(word, ()) if names <= words}
        groups = sorted({group for _, group in near}, key=lambda group: (group.guardian is None, group.students))
        # A child's name beside their guardian's is one family.
        by_guardian = [group for group in groups if group.guardian is not None]
        alone = [
            group
            for group in groups
            if group.guardian is None and not any(set(group.students) <= set(each.students) for each in by_guardian)
        ]
        # So are brothers and sisters who are named together.
        named = {student for group in alone for student in group.students}
        if len(alone) > 1 and any(named <= set(family.students) for family in campus.children):
            alone = [Group(tuple(sorted(named)))]
        groups = by_guardian + alone
    return [group for group in groups if group.students]


def _numbered(text: str, campus: Campus) -> tuple[int, ...]:
    tokens = {token for each in _TOKEN.findall(fold(text)) for token in (each, each.strip("-./_()#"))}
    return tuple(dict.fromkeys(campus.numbers[token] for token in sorted(tokens) if token in campus.numbers))


def _bills_left(due: Iterable[Open]) -> set[Decimal]:
    left: dict[int, Decimal] = defaultdict(Decimal)
    for bill, _day, amount in due:
        left[bill.pk] += amount
    return set(left.values())


def _fits(amount: Decimal, due: Sequence[Open]) -> bool:
    """Whether it is what one bill comes to, or the first instalments that are due."""
    return amount in _bills_left(due) or amount in _sums(due)


def _sums(due: Iterable[Open]) -> set[Decimal]:
    total, found = NOTHING, set()
    for _bill, _day, part in due:
        total += part
        found.add(total)
    return found


def _of_bills(
    line: BankLine, bills: Sequence[Any], groups: Sequence[Group], campus: Campus, why: list[str]
) -> tuple[int, list[dict[str, Any]]]:
    """What the named bills are paid; what is left over is credit of the first one's student."""
    why.append("bill")
    confidence, left = _BILL, line.amount
    shares: dict[int, list[tuple[Any, Decimal]]] = {}
    for bill in bills:
        pays = shares.setdefault(bill.student.merged_into_id or bill.student_id, [])
        if (part := min(bill.left_sum, left)) > 0:
            pays.append((bill, part))
            left -= part
    if any(bill.left_sum <= 0 for bill in bills):
        why.append("settled")
    open_sums = {sum((bill.left_sum for bill in bills), NOTHING)}
    if len(bills) == 1:
        of_bill = [each for each in campus.due.get(next(iter(shares)), ()) if each[0].pk == bills[0].pk]
        open_sums |= _sums(of_bill)
    if line.amount in open_sums:
        why.append("amount")
        confidence += _AMOUNT
    if any(shares.keys() & set(group.students) for group in groups):
        why.append("payer")
        confidence += _PAYER
    return confidence, _parts(shares, left, campus)


def _of_group(
    line: BankLine, group: Group, campus: Campus, why: list[str], base: int
) -> tuple[int, list[dict[str, Any]]]:
    """What is open of a family, the first due first, or the one bill that comes to it."""
    due, left = campus.open_to(group), line.amount
    if line.amount not in _sums(due):
        whole = next((bill for bill, _, _ in due if bill.left_sum == line.amount), None)
        due = [each for each in due if whole is None or each[0].pk == whole.pk]
    confidence = base
    if _fits(line.amount, due):
        why.append("amount")
        confidence += _AMOUNT
    shares: dict[int, dict[int, Decimal]] = {}
    bills: dict[int, Any] = {}
    for bill, _day, amount in due:
        part = min(amount, left)
        if part <= 0:
            break
        bills[bill.pk] = bill
        of = shares.setdefault(bill.student.merged_into_id or bill.student_id, {})
        of[bill.pk] = of.get(bill.pk, NOTHING) + part
        left -= part
    if not shares:
        shares[group.students[0]] = {}
    found = {student: [(bills[pk], part) for pk, part in of.items()] for student, of in shares.items()}
    return confidence, _parts(found, left, campus, group.guardian)


def _parts(
    shares: Mapping[int, Sequence[tuple[Any, Decimal]]], left: Decimal, campus: Campus, guardian: int | None = None
) -> list[dict[str, Any]]:
    currency, found = campus.institution.currency, []
    for student, pays in shares.items():
        row = campus.students.get(student)
        if row is None:
            continue
        amount = sum((part for _, part in pays), NOTHING) + left
        left = NOTHING
        if amount <= 0:
            continue
        payers = {whose(bill) for bill, _ in pays} or {guardian}
        payer = campus.guardians.get(next(iter(payers)) or 0) if len(payers) == 1 else None
        found.append(
            {
                "student": str(row.sourced_id),
                "name": row.full_name,
                "guardian": str(payer.sourced_id) if payer else None,
                "amount": money.shown(amount, currency),
                "pays": [
                    {
                        "invoice": str(bill.sourced_id),
                        "number": bill.called_number,
                        "amount": money.shown(part, currency),
                    }
                    for bill, part in pays
                ],
            }
        )
    return found


# --- as they are read -------------------------------------------------------------------------------------------------
COLLECT = "fees.collect"
State = BankLine.State


def statements_seen(*, by: Asking, permission: str = COLLECT) -> QuerySet[Any]:
    """The files of banks of the campuses where ``by`` takes money."""
    return BankStatement.objects.filter(at_campuses(by, permission, "institution")).select_related("institution", "by")


def bank_lines_seen(*, by: Asking, permission: str = COLLECT) -> QuerySet[Any]:
    """The lines of these files."""
    return BankLine.objects.filter(at_campuses(by, permission, "institution")).select_related(
        "institution", "statement"
    )


def statement_at(statement: UUID, *, by: User) -> BankStatement:
    """One of them. Raises ``PermissionMissing``, ``BankStatementUnknown``."""
    found: BankStatement | None = statements_seen(by=by).filter(sourced_id=statement).first()
    if found is None:
        raise BankStatementUnknown
    return found


def bank_line_at(line: UUID, *, by: User) -> BankLine:
    """One of their lines. Raises ``PermissionMissing``, ``BankLineUnknown``."""
    found: BankLine | None = bank_lines_seen(by=by).filter(sourced_id=line).first()
    if found is None:
        raise BankLineUnknown
    return found


def sure_lines(statement: BankStatement) -> QuerySet[BankLine]:
    """The lines of a file that may be confirmed together."""
    return BankLine.objects.filter(statement=statement, state=State.WAITING, confidence__gte=SURE)


def sums_of(statement: BankStatement) -> dict[str, Any]:
    """How many lines have which state, what the sure ones come to, and how many these are. Two statements."""
    states = dict(statement.lines.order_by().values_list("state").annotate(rows=Count("pk")))
    sure = sure_lines(statement).aggregate(rows=Count("pk"), total=Sum("amount"))
    return {
        "states": {state: states.get(state, 0) for state in State.values},
        "sure": sure["rows"],
        "total": sure["total"] or NOTHING,
    }
