"""Bills, receipts and statements on paper: in the language of whom they are for, the same bytes for the same one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.accounts.models import User
from apps.accounts.selectors import supported_language
from apps.fees.errors import InvoiceUnknown, PaymentUnknown
from apps.fees.models import Invoice, Payment
from apps.fees.selectors import (
    account_followed,
    account_told,
    invoices_followed,
    invoices_seen,
    payment_parts,
    payments_followed,
    payments_seen,
    statement_of,
)
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.students.models import Guardian, Student
from schoolops import money
from schoolops.pdf import isolated, reads_from_the_right, typeset

TEMPLATE = Path(__file__).with_name("paper.typ")
START, END = "start", "end"


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF, and what its file is called."""

    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below their titles; a ``total`` as the last one."""

    titles: Sequence[str]
    sides: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a document, in the language that is chosen. ``stamp``: what makes it invalid."""

    title: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    notes: Sequence[str] = field(default=())
    stamp: str = ""


def language_for(guardian: Guardian | None, institution: Institution) -> str:
    """The language that somebody is written to in: a guardian's own, else the campus's."""
    own = [guardian.user.language if guardian.user else "", guardian.language] if guardian else []
    spoken = (supported_language(tag) for tag in (*own, institution.locale))
    return next((language for language in spoken if language), str(settings.LANGUAGE_CODE))


def print_invoice(*, invoice: UUID, by: User) -> Printed:
    """A bill as it was issued, with what was credited of it since. Raises ``PermissionMissing``, ``InvoiceUnknown``."""
    return _printed_bill(invoices_seen(by=by), invoice)


def print_followed_invoice(*, student: UUID, invoice: UUID, by: User) -> Printed:
    """The same for whoever follows the student. Raises ``PermissionMissing``, ``OutOfReach``, ``InvoiceUnknown``."""
    return _printed_bill(invoices_followed(student, by=by), invoice)


def _printed_bill(rows: QuerySet[Any], invoice: UUID) -> Printed:
    found = rows.select_related("institution", "student", "guardian__user", "term__year").filter(sourced_id=invoice)
    for bill in found:
        return Printed(f"bill-{bill.called_number}.pdf", _bill(bill))
    raise InvoiceUnknown


def _bill(invoice: Any) -> bytes:
    with translation.override(language_for(invoice.guardian, invoice.institution)):

        def said(amount: Decimal) -> str:
            return money.printed(amount, invoice.currency)

        lines = [
            (line.text, said(line.amount if line.concession_id is None else -line.amount))
            for line in invoice.lines.order_by("pk")
        ]
        parts = [(day_of(part.due_on), said(part.amount)) for part in invoice.instalments.order_by("due_on")]
        notes = [
            (f"{note}", day_of(note.issued_on), note.reason, said(note.amount))
            for note in invoice.credit_notes.order_by("pk")
        ]
        tables = [
            Table((_("What is charged"), _("Amount")), (START, END), lines, (_("Total"), said(invoice.total))),
            Table((_("Due on"), _("Amount")), (START, END), parts),
        ]
        if notes:
            titles = (_("Credit note"), _("Issued on"), _("Reason"), _("Amount"))
            tables.append(Table(titles, (END, END, START, END), notes))
        void = _("Void: %(why)s") % {"why": invoice.void_reason} if invoice.state == Invoice.State.VOID else ""
        facts = [
            (_("To"), invoice.bill_to or _("the family of %(name)s") % {"name": invoice.student.full_name}),
            *about(invoice.student),
            (_("Term"), f"{invoice.term.name}, {invoice.term.year.name}"),
            (_("Issued on"), day_of(invoice.issued_on)),
        ]
        title = _("Bill %(number)s") % {"number": invoice.called_number}
        return laid_out(Sheet(title, facts, tables, stamp=void), invoice.institution, dated=invoice.issued_on)


def print_receipt(*, payment: UUID, by: User) -> Printed:
    """The receipt of a payment, with what it pays and what went back since.

    Raises:
        PermissionMissing, PaymentUnknown.
    """
    return _printed_receipt(payments_seen(by=by), payment)


def print_followed_receipt(*, student: UUID, payment: UUID, by: User) -> Printed:
    """The same for whoever follows the student. Raises ``PermissionMissing``, ``OutOfReach``, ``PaymentUnknown``."""
    return _printed_receipt(payments_followed(student, by=by), payment)


def _printed_receipt(rows: QuerySet[Any], payment: UUID) -> Printed:
    for found in rows.select_related("institution", "student", "guardian__user").filter(sourced_id=payment):
        return Printed(f"receipt-{found.receipt}.pdf", _receipt(found))
    raise PaymentUnknown


def _receipt(payment: Any) -> bytes:
    with translation.override(language_for(payment.guardian, payment.institution)):
        parts = payment_parts({"id": payment.sourced_id})

        def said(amount: Any) -> str:
            return money.printed(Decimal(amount), payment.currency)

        pays = [(each["number"], said(each["amount"])) for each in parts["pays"]]
        if free := payment.amount - payment.allocated_sum - payment.returned_sum:
            pays.append((_("Paid ahead"), said(free)))
        tables = [Table((_("What it pays"), _("Amount")), (START, END), pays, (_("Total"), said(payment.amount)))]
        if parts["refunds"]:
            back = [(each["reason"], day_of(each["day"]), said(each["amount"])) for each in parts["refunds"]]
            tables.append(Table((_("What went back"), _("Day"), _("Amount")), (START, END, END), back))
        facts = [
            (_("From"), payment.paid_by or _("the family of %(name)s") % {"name": payment.student.full_name}),
            *about(payment.student),
            (_("Day"), day_of(payment.day)),
            (_("How"), _(str(METHODS[payment.method]))),
            *([(_("Reference"), payment.reference)] if payment.reference else []),
            (_("Taken by"), str(payment.by or "–")),
        ]
        title = _("Receipt %(number)s") % {"number": payment.receipt}
        undone = _("This payment counts no more") if payment.undone else ""
        return laid_out(Sheet(title, facts, tables, stamp=undone), payment.institution, dated=payment.day)


def print_statement(*, student: UUID, guardian: UUID | None = None, campus: UUID | None = None, by: User) -> Printed:
    """A student's account at a campus, theirs unless said; with a ``guardian`` that of all their children there, as far
    as it is theirs.

    Raises:
        PermissionMissing, OutOfReach, PayerOfAnother.
    """
    return _statement(*account_told(student, guardian=guardian, campus=campus, by=by))


def print_followed_statement(*, student: UUID, campus: UUID | None = None, by: User) -> Printed:
    """The account of ``by`` as a guardian, with all the children they follow at a campus, the student's unless said.

    Raises:
        PermissionMissing, OutOfReach.
    """
    return _statement(*account_followed(student, campus=campus, by=by))


def _statement(of: Sequence[Student], campus: Institution, whose: Guardian | None) -> Printed:
    told, today = statement_of(of, campus, guardian=whose), today_at(campus)
    with translation.override(language_for(whose, campus)):

        def said(amount: Decimal) -> str:
            return money.printed(amount, campus.currency)

        several = len(of) > 1
        rows = [
            (
                day_of(entry.day),
                f"{_(str(KINDS[entry.kind]))} {entry.number}" + (f"\n{entry.student}" if several else ""),
                said(entry.amount),
                said(entry.balance),
            )
            for entry in told.entries
        ]
        titles = (_("Day"), _("What"), _("Amount"), _("Balance"))
        facts = [(_("To"), whose.full_name)] if whose else []
        facts += about(of[0]) if not several else [(_("Students"), ", ".join(each.full_name for each in of))]
        facts.append((_("As of"), day_of(today)))
        owed = _("Owed") if told.balance >= 0 else _("Paid ahead")
        tables = [
            Table(titles, (END, START, END, END), rows, ("", owed, "", said(abs(told.balance)))),
        ]
        content = laid_out(Sheet(_("Statement of account"), facts, tables), campus, dated=today)
        return Printed(f"statement-{today:%Y-%m-%d}.pdf", content)


METHODS = {
    Payment.Method.CASH: gettext_noop("Cash"),
    Payment.Method.CARD: gettext_noop("Card"),
    Payment.Method.CHEQUE: gettext_noop("Cheque"),
    Payment.Method.BANK: gettext_noop("Bank"),
}
KINDS = {
    "bill": gettext_noop("Bill"),
    "late-fee": gettext_noop("Late fee: bill"),
    "credit-note": gettext_noop("Credit note"),
    "payment": gettext_noop("Receipt"),
    "refund": gettext_noop("Given back of receipt"),
    "reversal": gettext_noop("Undone: receipt"),
    "bounce": gettext_noop("Bounced: receipt"),
    "chargeback": gettext_noop("Charged back: receipt"),
}


def about(student: Student) -> list[tuple[str, str]]:
    """Which student a document is about."""
    return [(_("Student"), student.full_name), (_("Admission number"), student.admission_number)]


def day_of(day: dt.date) -> str:
    """A day as it is written in the language that is chosen."""
    return date_format(day, "DATE_FORMAT")


def laid_out(sheet: Sheet, institution: Institution, *, dated: dt.date) -> bytes:
    """The PDF of a sheet, with the head of the campus's paper, in the language that is chosen."""
    language = translation.get_language() or str(settings.LANGUAGE_CODE)
    rtl = reads_from_the_right(language)

    def own(text: str) -> str:
        return "\n".join(isolated(line, rtl=rtl) for line in text.split("\n"))

    def cells(rows: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[own(cell) for cell in row] for row in rows]

    logo = {}
    if institution.logo:
        with institution.logo.open("rb") as file:
            logo["logo"] = file.read()
    pages = re.split(r"(\{page\}|\{of\})", _("Page {page} of {of}"))
    numbers = {"{page}": None, "{of}": True}
    data = {
        "name": f"{sheet.title} – {institution.name}",
        "author": institution.name,
        "language": language.partition("-")[0],
        "rtl": rtl,
        "school": own(institution.name),
        "address": own(institution.address.strip()),
        "colour": institution.brand_colour,
        "logo": bool(logo),
        "title": own(sheet.title),
        "stamp": own(sheet.stamp),
        "facts": cells(sheet.facts),
        "tables": [
            {
                "titles": [own(title) for title in table.titles],
                "sides": list(table.sides),
                "rows": cells(table.rows),
                "total": [own(cell) for cell in table.total],
            }
            for table in sheet.tables
        ],
        "notes": [own(note) for note in sheet.notes],
        "pages": [numbers.get(part, part) for part in pages],
    }
    moment = dt.datetime.combine(dated, dt.time(), dt.UTC)
    return typeset(TEMPLATE.read_bytes(), data, dated=moment, pictures=logo)
