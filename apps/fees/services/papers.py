"""Bills on paper: in the language of whom they are for, the same bytes for the same document."""

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
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.selectors import supported_language
from apps.fees.errors import InvoiceUnknown
from apps.fees.models import Invoice
from apps.fees.selectors import invoices_seen
from apps.institutions.models import Institution
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
    rows = invoices_seen(by=by).select_related("institution", "student", "guardian__user", "term__year")
    found = rows.filter(sourced_id=invoice).first()
    if found is None:
        raise InvoiceUnknown
    return Printed(f"bill-{found.called_number}.pdf", _bill(found))


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
