"""Absences of any span of days: row by row for a spreadsheet, or on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, F, QuerySet
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import selectors as attendance
from apps.attendance.models import DailyAttendance, DayState
from apps.institutions.models import Section
from apps.reports.errors import PaperTooLong
from apps.reports.services.printing import LONG, note_printed
from schoolops import clock
from schoolops.context import current_school
from schoolops.pdf import Column, Heading, Paper

# Read at once: what of a large school fits into memory with room to spare.
DAYS_A_PAGE = 7


def absence_columns() -> dict[str, str]:
    """Key → what the column is called, in the reader's language."""
    return {
        "day": _("Day"),
        "campus": _("Campus"),
        "section": _("Section"),
        "admission_number": _("Admission number"),
        "name": _("Name"),
        "missed": _("Missed"),
        "excused": _("Excused"),
        "minutes": _("Minutes missed"),
    }


def absences_to_take(first: dt.date, last: dt.date, *, by: User) -> Iterator[list[dict[str, Any]]]:
    """The absences from ``first`` to ``last`` in pages of rows (what a column is called → value), oldest first.

    The trail says who took them, of which sections.

    Raises:
        PermissionMissing.
    """
    access.require(by, "exports.run")
    _note(first, last, by)
    return _pages(first, last, by)


def absences_on_paper(first: dt.date, last: dt.date, *, by: User) -> bytes:
    """The same as a PDF in the reader's language.

    Raises:
        PermissionMissing, PaperTooLong.
    """
    access.require(by, "exports.run")
    if (lines := attendance.absences(first, last, by=by).count()) > LONG:
        raise PaperTooLong(lines=lines, most=LONG)
    _note(first, last, by)
    span = f"{date_format(first, 'SHORT_DATE_FORMAT')} – {date_format(last, 'SHORT_DATE_FORMAT')}"
    school = getattr(current_school(), "name", "")
    heading = Heading(_("Absences"), school, span, _("Page {page} of {of}"))
    paper = Paper(heading, language=get_language() or "en", printed_at=clock.now())
    paper.part()
    shares = {"day": 2.0, "section": 2.4, "admission_number": 2.4, "name": 4.4, "missed": 2.2, "excused": 1.6}
    called = absence_columns()
    columns = [Column(called[key], share) for key, share in shares.items()]
    rows = [row for page in _pages(first, last, by) for row in page]
    if rows:
        paper.rows(columns, [[_written(row[called[key]]) for key in shares] for row in rows])
    else:
        paper.note(_("Nobody was absent in these days."))
    return paper.as_bytes()


def _written(value: Any) -> str:
    return date_format(value, "SHORT_DATE_FORMAT") if isinstance(value, dt.date) else str(value)


def _note(first: dt.date, last: dt.date, by: User) -> None:
    found = attendance.absences(first, last, by=by).exclude(section=None).order_by()
    students = dict(found.values_list("section").annotate(number=Count("student", distinct=True)))
    sections = Section.objects.filter(pk__in=students)
    note_printed(kind="absences", day=last, students={each: students[each.pk] for each in sections}, by=by)


def _pages(first: dt.date, last: dt.date, by: User) -> Iterator[list[dict[str, Any]]]:
    called, missed = absence_columns(), {DayState.ABSENT: _("The day"), DayState.HALF: _("Half a day")}
    yes, no = _("Yes"), _("No")
    while first <= last:
        until = min(first + dt.timedelta(days=DAYS_A_PAGE - 1), last)
        page = [
            {
                called["day"]: row.day,
                called["campus"]: row.institution.name,
                called["section"]: str(row.section or ""),
                called["admission_number"]: row.student.admission_number,
                called["name"]: row.student.full_name,
                called["missed"]: missed[DayState(row.state)],
                called["excused"]: yes if row.excused else no,
                called["minutes"]: row.minutes_missed,
            }
            for row in in_order(attendance.absences(first, until, by=by))
        ]
        if page:
            yield page
        first = until + dt.timedelta(days=1)


def in_order(rows: QuerySet[DailyAttendance]) -> QuerySet[DailyAttendance]:
    """Absences by day, section and name, with what a line of them says."""
    return rows.select_related("student", "section__grade_level", "institution").order_by(
        "day",
        "institution__name",
        F("section__grade_level__position").asc(nulls_last=True),
        "section__name",
        "student__name_key",
        "student_id",
    )
