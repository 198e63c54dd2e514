"""The lists there are: class lists, whom to call in an emergency, sheets to sign in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.reports.selectors import Contact, Listed, Roster
from schoolops import clock
from schoolops.context import current_school
from schoolops.pdf import Column, Heading, Paper, unbroken

# Lines for those who come without having been on the list.
SPARE_LINES = 3


def laid_out(kind: str, lists: list[Roster], day: dt.date) -> bytes:
    """The PDF of one of ``KINDS``, in the language of the reader."""
    title, write = KINDS[kind]
    return write(_paper(title(), day), lists)


def _paper(title: str, day: dt.date) -> Paper:
    school = getattr(current_school(), "name", "")
    heading = Heading(title, school, date_format(day, _("l, j F Y")), _("Page {page} of {of}"))
    return Paper(heading, language=get_language() or "en", printed_at=clock.now())


def _born(student: Listed) -> str:
    return date_format(student.birth_date, "SHORT_DATE_FORMAT") if student.birth_date else ""


def _number(student: Listed) -> str:
    return str(student.roll_number or "")


def _empty(paper: Paper, found: list[Roster]) -> None:
    if not found:
        paper.part()
        paper.note(_("No students are on these lists on that day."))


def class_list(paper: Paper, found: list[Roster]) -> bytes:
    """Each section's students, with room for notes."""
    columns = [
        Column(_("No."), 1, "end"),
        Column(_("Name"), 5),
        Column(_("Admission number"), 2.4),
        Column(_("Born on"), 2),
        Column(_("Notes"), 4),
    ]
    for each in found:
        paper.part(str(each.section))
        paper.rows(columns, [(_number(s), s.name, s.admission_number, _born(s), "") for s in each.students])
    _empty(paper, found)
    return paper.as_bytes()


def emergency_list(paper: Paper, found: list[Roster]) -> bytes:
    """Whom to call for each student, in order; who must not be given the student, and what a doctor should know."""
    columns = [
        Column(_("No."), 1, "end"),
        Column(_("Name"), 3.6),
        Column(_("Whom to call"), 6),
        Column(_("To know"), 3.4),
    ]
    for each in found:
        paper.part(str(each.section))
        rows = [
            (
                _number(s),
                f"{s.name}\n{s.admission_number}",
                "\n".join(_contact(paper, contact) for contact in s.contacts),
                s.medical_note,
            )
            for s in each.students
        ]
        paper.rows(columns, rows)
    _empty(paper, found)
    return paper.as_bytes()


def _contact(paper: Paper, contact: Contact) -> str:
    name, relation = paper.isolated(contact.name), paper.isolated(contact.relation)
    if contact.restricted:
        return _("NOT TO %(name)s: %(why)s") % {"name": name, "why": relation}
    phone = paper.isolated(unbroken(contact.phone)) if contact.phone else _("no number")
    return _(", ").join(part for part in (name, relation, phone) if part)


def sign_in_sheet(paper: Paper, found: list[Roster]) -> bytes:
    """A line for each student: when they came and left, and who signed."""
    columns = [
        Column(_("No."), 1, "end"),
        Column(_("Name"), 4.4),
        Column(_("Came at"), 1.7),
        Column(_("Signature"), 3),
        Column(_("Left at"), 1.7),
        Column(_("Signature"), 3),
    ]
    for each in found:
        paper.part(str(each.section))
        lines = [(_number(s), s.name, "", "", "", "") for s in each.students]
        paper.rows(columns, lines + [("",) * len(columns)] * SPARE_LINES, height=10)
    _empty(paper, found)
    return paper.as_bytes()


KINDS: dict[str, tuple[Callable[[], str], Callable[[Paper, list[Roster]], bytes]]] = {
    "class": (lambda: _("Class list"), class_list),
    "emergency": (lambda: _("Emergency list"), emergency_list),
    "sign-in": (lambda: _("Sign-in sheet"), sign_in_sheet),
}
