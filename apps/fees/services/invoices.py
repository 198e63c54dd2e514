"""Bills: issued with a number and a posting, void before anything is paid on them, credited afterwards."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import (
    Account,
    CreditNote,
    Instalment,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    LedgerEntry,
    LedgerTransaction,
    Series,
)
from apps.fees.models.billing import numbered
from apps.fees.selectors.charges import Draft, Line, bill_total, split
from apps.fees.selectors.late import late_fees_of
from apps.fees.selectors.payments import left_of
from apps.fees.services.numbers import next_numbers
from apps.fees.services.payments import hold, release
from apps.fees.services.posting import Leg, Posting, accounts_of, post, post_all
from apps.institutions.models import Term
from apps.institutions.selectors import today_at
from schoolops import money
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.ids import uuid7
from schoolops.rows import add_many

Debit, Credit = LedgerEntry.Side.DEBIT, LedgerEntry.Side.CREDIT
Source = LedgerTransaction.Source
Purpose = Account.Purpose


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill with its lines, its instalments and what is posted of it, yet to be written."""

    invoice: Invoice
    lines: list[InvoiceLine]
    instalments: list[Instalment]
    posting: Posting


@transaction.atomic
def issue(
    *, term: Term, drafts: Sequence[Draft], due_on: Sequence[dt.date], run: InvoiceRun | None, by: User | None
) -> list[Invoice]:
    """Write the bills of ``drafts``: a handful of statements for any number of them, all or none.

    Each payer has a bill of their own. ``due_on``: days on which equal parts are due, the last with what is left.
    """
    campus = term.year.institution
    today = today_at(campus)
    parts = [(draft, *part) for draft in drafts for part in split(draft, campus.currency)]
    numbers = next_numbers(campus, Series.Kind.INVOICE, today.year, len(parts))
    accounts = accounts_of(campus)
    bills = []
    for number, (draft, payer, lines) in zip(numbers, parts, strict=True):
        invoice = Invoice(
            institution=campus,
            student_id=draft.student,
            guardian_id=payer.guardian,
            term=term,
            run=run,
            year=today.year,
            number=number,
            issued_on=today,
            bill_to=payer.name,
            line_count=len(lines),
            total=bill_total(lines),
            currency=campus.currency,
        )
        bills.append(_bill(invoice, lines, due_on, accounts))
    write_bills(bills, by=by)
    return [bill.invoice for bill in bills]


def write_bills(bills: Sequence[Bill], *, by: User | None) -> None:
    """Write bills of one campus and post them: five statements for any number of them."""
    Invoice.objects.bulk_create(bill.invoice for bill in bills)
    for bill in bills:
        for line in bill.lines:
            line.invoice_id = bill.invoice.pk
        for part in bill.instalments:
            part.invoice_id = bill.invoice.pk
    add_many([line for bill in bills for line in bill.lines])
    add_many([part for bill in bills for part in bill.instalments])
    if bills:
        post_all(institution=bills[0].invoice.institution, postings=[bill.posting for bill in bills], by=by)


def _bill(invoice: Invoice, lines: Sequence[Line], due_on: Sequence[dt.date], accounts: Mapping[str, Account]) -> Bill:
    concessions = accounts[Purpose.CONCESSIONS]
    rows = [
        InvoiceLine(
            item_id=line.charge.item.pk,
            concession_id=line.concession,
            account=concessions if line.concession else line.charge.item.account,
            institution_id=invoice.institution_id,
            student_id=invoice.student_id,
            term_id=invoice.term_id,
            part=line.part,
            text=_text(line),
            amount=line.amount,
            currency=invoice.currency,
        )
        for line in lines
    ]
    return bill_of(invoice, rows, due_on, accounts[Purpose.RECEIVABLE])


def bill_of(invoice: Invoice, rows: list[InvoiceLine], due_on: Sequence[dt.date], receivable: Account) -> Bill:
    """A bill of ``rows``, in equal parts due on ``due_on``."""
    shares = money.shared(invoice.total, [1] * len(due_on), invoice.currency)
    parts = [
        Instalment(due_on=day, amount=share, currency=invoice.currency)
        for day, share in zip(due_on, shares, strict=True)
        if share
    ]
    legs = [Leg(receivable, Debit, invoice.total, invoice.student_id)]
    legs += [Leg(account, side, amount) for (account, side), amount in _by_account(rows).items()]
    posting = Posting(
        invoice.issued_on, Source.INVOICE, invoice.sourced_id, "issue", f"Invoice {invoice.called_number}", legs
    )
    return Bill(invoice, rows, parts, posting)


def _text(line: Line) -> str:
    charge = line.charge
    part = f" ({charge.days}/{charge.of})" if charge.item.prorated and charge.days < charge.of else ""
    return f"{charge.item.name}{part}"


def _by_account(rows: Iterable[InvoiceLine]) -> dict[tuple[Account, str], Decimal]:
    """What is posted where: charges are credited, what is taken off is debited."""
    found: dict[tuple[Account, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.account, Debit if row.concession_id else Credit] += row.amount
    return dict(found)


def invoice_for_update(invoice: UUID, permission: str, by: User) -> Invoice:
    """The bill, held until the transaction ends after its student, for who holds ``permission`` at its campus.

    Raises:
        PermissionMissing, OutOfReach, InvoiceUnknown, InvoiceVoid.
    """
    access.require(by, permission)
    there = Invoice.objects.select_related("institution", "term", "student")
    found: Invoice | None = there.filter(sourced_id=invoice).first()
    if found is None:
        raise errors.InvoiceUnknown
    access.require_at(by, permission, found.institution)
    hold(found.student)
    found = there.select_for_update(no_key=True, of=("self",)).get(pk=found.pk)
    if found.state == Invoice.State.VOID:
        raise errors.InvoiceVoid(number=found.called_number)
    return found


@transaction.atomic
def void_invoice(*, invoice: UUID, reason: str, by: User) -> Invoice:
    """Make a bill void, before anything is paid or credited on it: its items can be billed again.

    What was charged because it was late is void as well, or credited where somebody has paid of it.

    Raises:
        PermissionMissing, OutOfReach, InvoiceUnknown, InvoiceVoid, InvoiceSettled.
    """
    found = invoice_for_update(invoice, "fees.charge", by)
    found.state, found.void_reason = Invoice.State.VOID, reason
    with explains({"fees_invoice_stays": lambda: errors.InvoiceSettled(number=found.called_number)}):
        found.save(update_fields=["state", "void_reason"])
    lines = list(found.lines.select_related("account"))
    found.lines.update(standing=False)
    legs = [Leg(accounts_of(found.institution)[Purpose.RECEIVABLE], Credit, found.total, found.student_id)]
    legs += [
        Leg(account, Credit if side == Debit else Debit, amount)
        for (account, side), amount in _by_account(lines).items()
    ]
    memo = f"Void invoice {found.called_number}"
    posting = Posting(today_at(found.institution), Source.INVOICE, found.sourced_id, "void", memo, legs)
    post(institution=found.institution, posting=posting, by=by)
    trail.record(by, "fees.invoice-voided", found.student, after={"number": found.called_number}, reason=reason)
    _let_off([fee.invoice for fee in late_fees_of(found)], reason, by)
    return found


def _let_off(bills: Sequence[Invoice], reason: str, by: User) -> None:
    """Ask for nothing of ``bills`` any more, whatever was paid of them."""
    left = left_of(bills)
    for bill in bills:
        if left[bill.pk] == bill.total:
            void_invoice(invoice=bill.sourced_id, reason=reason, by=by)
        elif bill.state == Invoice.State.ISSUED and (rest := bill.total - _credited(bill)):
            credit_invoice(invoice=bill.sourced_id, amount=rest, reason=reason, by=by)


def _credited(invoice: Invoice) -> Decimal:
    return invoice.credit_notes.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


@transaction.atomic
def credit_invoice(*, invoice: UUID, amount: Decimal, reason: str, key: UUID | None = None, by: User) -> CreditNote:
    """Ask for ``amount`` less of a bill, with a note that has a number; each account gives back its part of it.

    What was paid of it and is more than what is left then is the student's credit. ``key``: written again under it, it
    is the note that was written.

    Raises:
        PermissionMissing, OutOfReach, InvoiceUnknown, InvoiceVoid, AmountRefused, CreditTooHigh,
        PaymentKeyTaken.
    """
    found = invoice_for_update(invoice, "fees.charge", by)
    amount = money.checked(amount, found.currency)
    if key is not None and (written := found.credit_notes.filter(sourced_id=key, amount=amount).first()):
        return written
    credited = _credited(found)
    if amount > found.total - credited:
        most = money.shown(found.total - credited, found.currency)
        raise errors.CreditTooHigh(number=found.called_number, most=most)
    today = today_at(found.institution)
    postings = release(found, amount - left_of([found])[found.pk])
    (number,) = next_numbers(found.institution, Series.Kind.CREDIT_NOTE, today.year)
    note = CreditNote(
        sourced_id=key or uuid7(),
        invoice=found,
        institution=found.institution,
        year=today.year,
        number=number,
        issued_on=today,
        amount=amount,
        currency=found.currency,
        reason=reason,
        by=by,
    )
    with explains({"fees_creditnote_sourced_id_key": errors.PaymentKeyTaken}):
        note.save(force_insert=True)
    legs = [Leg(accounts_of(found.institution)[Purpose.RECEIVABLE], Credit, amount, found.student_id)]
    legs += _taken_back(found, amount)
    memo = f"Credit note {numbered(note.year, note.number)} on invoice {found.called_number}"
    postings.append(Posting(today, Source.CREDIT_NOTE, note.sourced_id, "issue", memo, legs))
    post_all(institution=found.institution, postings=postings, by=by)
    told = {"number": numbered(note.year, note.number), "invoice": found.called_number, "amount": amount}
    trail.record(by, "fees.invoice-credited", found.student, after=told, reason=reason)
    return note


def _taken_back(invoice: Invoice, amount: Decimal) -> list[Leg]:
    """What is debited of each account, as what it was credited for items less what was taken off these."""
    net: dict[int, Decimal] = defaultdict(Decimal)
    accounts: dict[int, Account] = {}
    for line in invoice.lines.select_related("item__account", "account"):
        account = line.item.account if line.item else line.account
        accounts[account.pk] = account
        net[account.pk] += -line.amount if line.concession_id else line.amount
    kept = {key: value for key, value in sorted(net.items()) if value > 0}
    shares = money.shared(amount, [*kept.values()], invoice.currency)
    return [Leg(accounts[key], Debit, share) for key, share in zip(kept, shares, strict=True) if share]
