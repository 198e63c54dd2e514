"""Lists to print: class lists, whom to call in an emergency, sheets to sign in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.office.errors import ListTooLong
from apps.office.people import services
from apps.office.people.selectors import printing
from apps.office.people.selectors.printing import Contact, Listed, Roster
from apps.office.people.selectors.sections import sections_in_reach
from apps.office.shell.fields import day_asked
from apps.office.shell.pages import actor, office_page, render_page
from schoolops import clock
from schoolops.context import current_school
from schoolops.pdf import Column, Heading, Paper, unbroken
from schoolops.resilience.heavy import heavy

# Lines for those who come without having been on the list.
SPARE_LINES = 3
# About ten seconds of work: a request should not take longer.
MOST_STUDENTS = 3_000


@office_page(permission="students.view", over="section")
def lists(request: HttpRequest) -> HttpResponse:
    """Choose sections, a day and a kind of list."""
    user = actor(request)
    access.require(user, "exports.run")
    day = day_asked(request.GET.get("day"), access.today(user))
    calls = "guardians.view" in access_rows.permissions_of(user)
    context = {"sections": sections_in_reach(user, day), "day": day, "calls": calls}
    return render_page(request, "office/people/lists.html", context, title=_("Lists to print"))


@office_page(permission="students.view", over="section")
@heavy
def print_list(request: HttpRequest, kind: str) -> HttpResponse:
    """The list as a PDF."""
    user = actor(request)
    access.require(user, "exports.run")
    if kind not in KINDS:
        raise Http404
    day = day_asked(request.GET.get("day"), access.today(user))
    found = printing.rosters(user, day, sections=_wanted(request))
    if (number := sum(len(each.students) for each in found)) > MOST_STUDENTS:
        raise ListTooLong(students=number, most=MOST_STUDENTS)
    if kind == "emergency":
        printing.with_contacts(found, by=user, day=day)
    title, write = KINDS[kind]
    content = write(_paper(title(), day), found)
    services.note_printed(kind=kind, day=day, students={each.section: len(each.students) for each in found}, by=user)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{kind}-{day.isoformat()}.pdf"'},
    )


def _wanted(request: HttpRequest) -> frozenset[UUID]:
    try:
        return frozenset(UUID(each) for each in request.GET.getlist("section"))
    except ValueError:
        raise Http404 from None


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
                "\n".join(_contact(paper, each) for each in s.contacts),
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
