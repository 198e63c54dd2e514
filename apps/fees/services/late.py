"""Late fees: the rule of a campus, and charging by it whoever is late, once for each due day."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import Account, Instalment, Invoice, InvoiceLine, LateFee, LateFeeRule, Series
from apps.fees.selectors.late import late_parts, late_with
from apps.fees.services.invoices import Bill, bill_of, write_bills
from apps.fees.services.numbers import next_numbers
from apps.fees.services.papers import day_of, language_for
from apps.fees.services.payments import hold, uncovered
from apps.fees.services.posting import accounts_of
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.students.models import Student
from schoolops import money
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import SchoolOpsError, Unavailable

log = logging.getLogger(__name__)

CHARGE = "fees.charge"
Purpose = Account.Purpose
# For so long a job begins with another student; who is left is charged in the next night.
A_JOB_S = 45.0
_TEXT = gettext_noop("Late fee: bill {number}, due on {day}")


# --- the rule ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def add_late_fee_rule(*, institution: Institution, values: Mapping[str, Any], by: User) -> LateFeeRule:
    """Say what a campus charges who pays late. ``values`` by field of ``LateFeeRule``; from today on unless said.

    Raises:
        PermissionMissing, OutOfReach, LateFeeOfWhat, AmountRefused, LateFeeRuleTwice.
    """
    access.require_at(by, CHARGE, institution)
    row = LateFeeRule(institution=institution, currency=institution.currency, **values)
    row.starts_on = row.starts_on or today_at(institution)
    _check(row)
    with explains({"fees_latefeerule_institution_id_key": errors.LateFeeRuleTwice}):
        row.save(force_insert=True)
    trail.record(by, "fees.late-fee-rule-added", institution, after=values)
    return row


@transaction.atomic
def change_late_fee_rule(*, rule: UUID, values: Mapping[str, Any], by: User) -> LateFeeRule:
    """Change it, for late fees to come, or retire it.

    Raises:
        PermissionMissing, OutOfReach, LateFeeRuleUnknown, LateFeeOfWhat, AmountRefused.
    """
    access.require(by, CHARGE)
    held = LateFeeRule.objects.select_for_update(no_key=True, of=("self",)).select_related("institution")
    found = held.filter(sourced_id=rule).first()
    if found is None:
        raise errors.LateFeeRuleUnknown
    access.require_at(by, CHARGE, found.institution)
    # A day that is left empty stays as it is.
    said = {name: value for name, value in values.items() if name != "starts_on" or value is not None}
    before, after = trail.changed(found, said)
    for name in after:
        setattr(found, name, said[name])
    if found.currency != found.institution.currency:
        found.currency = after["currency"] = found.institution.currency
    _check(found)
    if after:
        found.save(update_fields=[*after])
        trail.record(by, "fees.late-fee-rule-changed", found.institution, before=before, after=after)
    return found


def _check(rule: LateFeeRule) -> None:
    if (rule.percent is None) == (rule.amount is None):
        raise errors.LateFeeOfWhat
    if rule.amount is not None:
        rule.amount = money.checked(rule.amount, rule.currency)
    rule.cap = money.checked(rule.cap, rule.currency, field="cap")


# --- charging by it ---------------------------------------------------------------------------------------------------
def charge_late_fees() -> int:
    """Bill the late fees of each campus that has a rule; how many due days were charged.

    Each student in a transaction of their own, so that one who cannot be billed stops nobody; two jobs at once, or one
    begun again, charge nothing twice.
    """
    until = time.monotonic() + A_JOB_S
    charged = 0
    # Where the campus has changed its currency, what the rule says is an amount of another until it is said anew.
    rules = LateFeeRule.objects.filter(retired=False, currency=F("institution__currency"))
    for rule in rules.select_related("institution").order_by("pk"):
        for student in late_with(rule, today_at(rule.institution)):
            if time.monotonic() > until:
                return charged
            charged += _charged(rule, student)
    return charged


def _charged(rule: LateFeeRule, student: Student) -> int:
    try:
        return _charge(rule, student)
    except Unavailable:
        raise
    except (SchoolOpsError, IntegrityError, DataError) as refusal:
        log.warning(
            "refused to charge a late fee",
            extra={"facts": {"student": student.pk, "why": getattr(refusal, "code", str(refusal))}},
        )
        return 0


@transaction.atomic
def _charge(rule: LateFeeRule, student: Student) -> int:
    """Bill a student's late fees, each with a bill of its own to whom the late bill is for."""
    # Whoever pays, credits or charges at the same moment comes before or after; what is late is read after that.
    kept = hold(student)
    campus = rule.institution
    today = today_at(campus)
    parts = late_parts(rule, today, kept)
    if not parts:
        return 0
    # Whose money lies with the school is late with what it does not cover only.
    owed = {(each.invoice.pk, each.due_on): each.amount for each in uncovered(kept, campus)}
    charged: dict[int, Decimal] = {}
    due: list[tuple[Invoice, Instalment, Decimal]] = []
    for bill, part, left in parts:
        before = charged.get(bill.pk, bill.charged_sum)
        fee = min(_fee(rule, min(left, owed.get((bill.pk, part.due_on), Decimal(0)))), rule.cap - before)
        if fee > 0:
            charged[bill.pk] = before + fee
            due.append((bill, part, fee))
    accounts = accounts_of(campus)
    numbers = next_numbers(campus, Series.Kind.INVOICE, today.year, len(due)) if due else ()
    bills = [
        _bill(bill, part, fee, number, today, accounts) for number, (bill, part, fee) in zip(numbers, due, strict=True)
    ]
    write_bills(bills, by=None)
    LateFee.objects.bulk_create(
        LateFee(invoice=made.invoice, instalment=part) for made, (_late, part, _amount) in zip(bills, due, strict=True)
    )
    return len(bills)


def _fee(rule: LateFeeRule, left: Decimal) -> Decimal:
    fixed: Decimal | None = rule.amount
    if fixed is not None and left:
        return fixed
    return money.rounded(left * (rule.percent or Decimal(0)) / 100, rule.currency)


def _bill(
    late: Invoice, part: Instalment, fee: Decimal, number: int, today: dt.date, accounts: Mapping[str, Account]
) -> Bill:
    campus = late.institution
    invoice = Invoice(
        institution=campus,
        student_id=late.student_id,
        guardian_id=late.guardian_id,
        term=late.term,
        year=today.year,
        number=number,
        issued_on=today,
        bill_to=late.bill_to,
        line_count=1,
        total=fee,
        currency=late.currency,
    )
    with translation.override(language_for(late.guardian, campus)):
        text = gettext(_TEXT).format(number=late.called_number, day=day_of(part.due_on))
    line = InvoiceLine(
        account=accounts[Purpose.LATE_FEES],
        institution=campus,
        student_id=late.student_id,
        term=late.term,
        part=0,
        text=text,
        amount=fee,
        currency=late.currency,
    )
    return bill_of(invoice, [line], [today], accounts[Purpose.RECEIVABLE])
