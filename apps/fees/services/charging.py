"""Fee items, what a student has of them, concessions, and who pays."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.access import selectors as access_selectors
from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import Account, Concession, FeeItem, InvoiceLine, Payer, StudentFee
from apps.fees.selectors.billing import account_at
from apps.fees.services.posting import accounts_of
from apps.institutions.models import AcademicYear, Institution, Term
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import Enrolment, Guardian, Student, StudentGuardian
from schoolops import clock, money
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError
from schoolops.folding import fold

CHARGE = "fees.charge"
WHOLE = Decimal(100)
# Of an item that was billed: what a bill says it was charged for.
FIXED = frozenset({"grade_level", "term", "account"})
# What an item says in the next year too.
COPIED = ("grade_level", "name", "account", "amount", "optional", "prorated", "on_admission")


# --- items ------------------------------------------------------------------------------------------------------------
@transaction.atomic
def add_item(*, year: AcademicYear, values: Mapping[str, Any], by: User) -> FeeItem:
    """Add an item to the fees of a year. ``values`` by field of ``FeeItem``; without an account, that of all fees.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NotOfThisCampus, NoIncomeAccount, NoAccountFor, FeeItemTwice,
        AmountRefused.
    """
    campus = year.institution
    access.require_at(by, CHARGE, campus)
    refuse_closed(year)
    values = dict(values)
    account = values.pop("account", None) or accounts_of(campus)[Account.Purpose.FEES]
    item = FeeItem(institution=campus, year=year, currency=campus.currency, account=account, **values)
    _check_item(item)
    with explains({"fee_item_once": lambda: errors.FeeItemTwice(name=item.name)}):
        item.save(force_insert=True)
    trail.record(by, "fees.item-added", item, after={"year": year, **values})
    return item


@transaction.atomic
def change_item(*, item: UUID, values: Mapping[str, Any], by: User) -> FeeItem:
    """Change an item, for bills to come. What was billed keeps its account, its grade level and its term.

    Raises:
        PermissionMissing, OutOfReach, FeeItemUnknown, YearIsClosed, NotOfThisCampus, NoIncomeAccount, FeeItemBilled,
        FeeItemTwice, AmountRefused.
    """
    access.require(by, CHARGE)
    held = FeeItem.objects.select_for_update(no_key=True, of=("self",)).select_related("year", "institution", "account")
    found = held.filter(sourced_id=item).first()
    if found is None:
        raise errors.FeeItemUnknown
    access.require_at(by, CHARGE, found.institution)
    refuse_closed(found.year)
    before, after = trail.changed(found, values)
    if not after:
        return found
    if FIXED & after.keys() and InvoiceLine.objects.filter(item=found).exists():
        raise errors.FeeItemBilled(name=found.name)
    for name in after:
        setattr(found, name, values[name])
    _check_item(found)
    with explains({"fee_item_once": lambda: errors.FeeItemTwice(name=found.name)}):
        found.save(update_fields=[*after])
    trail.record(by, "fees.item-changed", found, before=before, after=after)
    return found


@transaction.atomic
def copy_items(*, year: AcademicYear, previous: AcademicYear, by: User) -> list[FeeItem]:
    """Give ``year`` the items of ``previous`` that are in use and that it does not have; how many those are, it says.

    What is charged in one term only is charged in the term of that name; where the year has none, it is not copied.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NotOfThisCampus, NoIncomeAccount, NothingToCopy.
    """
    access.require_at(by, CHARGE, year.institution)
    refuse_closed(year)
    if previous.institution_id != year.institution_id or previous.pk == year.pk:
        raise errors.NotOfThisCampus
    terms = {fold(term.name): term for term in Term.objects.filter(year=year)}
    held = FeeItem.objects.filter(year=year).values_list("grade_level", "term", "name")
    there = {(level, term, fold(name)) for level, term, name in held}
    made = []
    for item in FeeItem.objects.filter(year=previous, retired=False).select_related("account", "institution", "term"):
        term = None if item.term is None else terms.get(fold(item.term.name))
        lost = item.term is not None and term is None
        if lost or (item.grade_level_id, term and term.pk, fold(item.name)) in there:
            continue
        kept = {name: getattr(item, name) for name in COPIED}
        copy = FeeItem(institution=item.institution, year=year, term=term, currency=item.institution.currency, **kept)
        _check_item(copy)
        made.append(copy)
    if not made:
        raise errors.NothingToCopy
    with explains({"fee_item_once": lambda: errors.FeeItemTwice(name=previous.name)}):
        FeeItem.objects.bulk_create(made)
    trail.record_many(
        trail.entry_of(by, "fees.item-added", item, after={"year": year, "name": item.name, "amount": item.amount})
        for item in made
    )
    return made


def _check_item(item: FeeItem) -> None:
    if item.term is not None and item.term.year_id != item.year_id:
        raise errors.NotOfThisCampus
    if item.account.institution_id != item.institution_id:
        raise errors.NotOfThisCampus
    if item.account.kind != Account.Kind.INCOME or item.account.retired:
        raise errors.NoIncomeAccount(account=item.account)
    item.amount = money.checked(item.amount, item.currency)


# --- what a student has -----------------------------------------------------------------------------------------------
@transaction.atomic
def choose_item(
    *, student: Student, item: FeeItem, kind: str, starts_on: dt.date, ends_on: dt.date | None, by: User
) -> StudentFee:
    """Let a student have an optional item, or not one that the others have, during ``[starts_on, ends_on)``.

    Raises:
        PermissionMissing, OutOfReach, NotOfThisCampus, StudentFeeDoesNothing, StudentFeeEndsFirst, StudentFeeTwice.
    """
    access.require_at(by, CHARGE, item.institution)
    if not _is_at(student, item.institution):
        raise errors.NotOfThisCampus
    if item.optional != (kind == StudentFee.Kind.ADDED):
        raise errors.StudentFeeDoesNothing(name=item.name)
    if ends_on is not None and ends_on < starts_on:
        raise errors.StudentFeeEndsFirst
    row = StudentFee(student=student, item=item, kind=kind, starts_on=starts_on, ends_on=ends_on)
    with explains({"student_fee_once": errors.StudentFeeTwice}):
        row.save(force_insert=True)
    told = {"item": item, "kind": kind, "starts_on": starts_on, "ends_on": ends_on}
    trail.record(by, "fees.item-chosen", student, after=told)
    return row


@transaction.atomic
def forget_choice(*, choice: UUID, by: User) -> None:
    """Let a student have what everybody has. What was billed stays.

    Raises:
        PermissionMissing, OutOfReach, StudentFeeUnknown.
    """
    access.require(by, CHARGE)
    held = StudentFee.objects.select_for_update(of=("self",)).select_related("item__institution", "student")
    found = held.filter(sourced_id=choice).first()
    if found is None:
        raise errors.StudentFeeUnknown
    access.require_at(by, CHARGE, found.item.institution)
    trail.record(by, "fees.choice-forgotten", found.student, before={"item": found.item, "kind": found.kind})
    found.delete()


def _is_at(student: Student, institution: Institution) -> bool:
    """Whether a campus bills a student: it has their record, or they are enrolled there."""
    return (
        student.institution_id == institution.pk
        or Enrolment.objects.filter(student=student, institution=institution).exists()
    )


# --- concessions ------------------------------------------------------------------------------------------------------
@transaction.atomic
def ask_for_concession(*, student: Student, year: AcademicYear, values: Mapping[str, Any], by: User) -> Concession:
    """Ask that a student be charged less in a year; it counts once somebody else has approved it.

    ``values`` by field: ground, reason, item, and percent or amount.

    Raises:
        PermissionMissing, OutOfReach, NotOfThisCampus, ConcessionOfWhat, AmountRefused.
    """
    access.require_at(by, CHARGE, year.institution)
    row = Concession(student=student, year=year, currency=year.institution.currency, asked_by=by, **values)
    if not _is_at(student, year.institution) or (row.item is not None and row.item.year_id != year.pk):
        raise errors.NotOfThisCampus
    if (row.percent is None) == (row.amount is None):
        raise errors.ConcessionOfWhat
    if row.amount is not None:
        row.amount = money.checked(row.amount, row.currency)
    row.save(force_insert=True)
    told = {name: values.get(name) for name in ("ground", "percent", "amount")}
    trail.record(by, "fees.concession-asked", student, after={"year": year, **told}, reason=row.reason)
    return row


@transaction.atomic
def approve_concession(*, concession: UUID, by: User) -> Concession:
    """Let a concession count, for bills to come.

    Raises:
        PermissionMissing, OutOfReach, ConcessionUnknown, ConcessionEnded, ConcessionApproved, ApprovedByOneself.
    """
    found = _concession_for_update(concession, "fees.approve", by)
    if found.ended_at is not None:
        raise errors.ConcessionEnded
    if found.approved_at is not None:
        raise errors.ConcessionApproved
    if found.asked_by_id == by.pk:
        who = access_selectors.holders_of("fees.approve", institution=found.year.institution_id)
        raise errors.ApprovedByOneself(who=", ".join(who) or "—")
    found.approved_by, found.approved_at = by, clock.now()
    found.save(update_fields=["approved_by", "approved_at"])
    trail.record(by, "fees.concession-approved", found.student, after={"ground": found.ground}, reason=found.reason)
    return found


@transaction.atomic
def end_concession(*, concession: UUID, by: User) -> Concession:
    """Let a concession count no more, for bills to come.

    Raises:
        PermissionMissing, OutOfReach, ConcessionUnknown, ConcessionEnded.
    """
    found = _concession_for_update(concession, CHARGE, by)
    if found.ended_at is not None:
        raise errors.ConcessionEnded
    found.ended_at = clock.now()
    found.save(update_fields=["ended_at"])
    trail.record(by, "fees.concession-ended", found.student, after={"ground": found.ground})
    return found


def _concession_for_update(concession: UUID, permission: str, by: User) -> Concession:
    access.require(by, permission)
    held = Concession.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "year__institution", "student"
    )
    found: Concession | None = held.filter(sourced_id=concession).first()
    if found is None:
        raise errors.ConcessionUnknown
    access.require_at(by, permission, found.year.institution)
    return found


# --- who pays ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PaidBy:
    """Which percentage of a student's bills is a guardian's."""

    guardian_id: UUID
    percent: Decimal


@transaction.atomic
def set_payers(*, student: Student, payers: Sequence[PaidBy], by: User) -> list[Payer]:
    """Say who pays a student's bills from now on; nobody: the first guardian who receives invoices, all of it.

    Raises:
        PermissionMissing, OutOfReach, PayersRefused.
    """
    # Who pays is one for all campuses that bill a student: each of them may say.
    account_at(student.sourced_id, CHARGE, by=by)
    guardians = {row.sourced_id: row for row in Guardian.objects.filter(sourced_id__in=[p.guardian_id for p in payers])}
    linked = set(StudentGuardian.objects.filter(student=student).values_list("guardian__sourced_id", flat=True))
    if refused := _refused(payers, linked):
        raise errors.PayersRefused(errors=refused)
    # One after the other, so that what two say at once is not mixed.
    Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    there = Payer.objects.filter(student=student)
    before = {row.guardian.full_name: row.percent for row in there.select_related("guardian")}
    with explains({}, deferred={"fees_payers_share_all"}):
        there.filter(~Q(guardian__in=guardians.values())).delete()
        made = Payer.objects.bulk_create(
            [Payer(student=student, guardian=guardians[each.guardian_id], percent=each.percent) for each in payers],
            update_conflicts=True,
            unique_fields=["student", "guardian"],
            update_fields=["percent"],
        )
    after = {guardians[each.guardian_id].full_name: each.percent for each in payers}
    trail.record(by, "fees.payers-set", student, before=before, after=after)
    return made


def _refused(payers: Sequence[PaidBy], linked: set[UUID]) -> list[FieldError]:
    wrong = []
    named = Counter(each.guardian_id for each in payers)
    for number, each in enumerate(payers):
        where = f"payers.{number}"
        if each.guardian_id not in linked:
            wrong.append(FieldError(f"{where}.guardian_id", "no-guardian", "This is no guardian of the student."))
        if named[each.guardian_id] > 1:
            wrong.append(FieldError(f"{where}.guardian_id", "named-twice", "This guardian is named twice."))
        if not 0 < each.percent <= WHOLE:
            wrong.append(FieldError(f"{where}.percent", "no-percentage", "A percentage above 0, up to 100."))
    total = sum((each.percent for each in payers), Decimal(0))
    if payers and not wrong and total != WHOLE:
        wrong.append(FieldError("payers", "not-all", "These come to {total} %.", {"total": total}))
    return wrong
