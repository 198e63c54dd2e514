"""A section's week: students down, days across, every cell a mark.

Each day is a roll of its own, over the same service as the day's page. Only the days somebody touched are saved: a roll
that nobody marked stays not taken.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.attendance import selectors, services
from apps.attendance.errors import RollChangedMeanwhile
from apps.attendance.selectors import SessionKey, Week, WeekDay
from apps.office.attendance.pages.lines import Cell, week_lines
from apps.office.attendance.pages.marks import (
    Row,
    Sheet,
    choices_of,
    full_name,
    read_form,
    shown_in_place,
    why_not_saved,
)
from apps.office.attendance.selectors.register import has_register
from apps.office.shell.fields import about, apart, day_of
from apps.office.shell.pages import actor, office_page, render_page
from schoolops.errors import SchoolOpsError


@dataclass(frozen=True, slots=True)
class Refusal:
    """A day that was not saved: what to say, and the day with what was typed there, to be shown again."""

    notices: list[str]
    sheet: Sheet


@office_page(permission="attendance.view", over="section")
def week(request: HttpRequest, section: UUID, day: str) -> HttpResponse:
    """The week that holds ``day``, to mark as far as who asks may, and to read otherwise."""
    on, user = day_of(day), actor(request)
    found = selectors.week(section, on, by=user)
    if request.method != "POST":
        return _page(request, found, on, {})
    refused: dict[dt.date, Refusal] = {}
    saved: list[WeekDay] = []
    for each in found.days:
        if each.standing != "open" or f"version-{each.day.isoformat()}" not in request.POST:
            continue
        outcome = _save(request.POST, found, each, by=user)
        if isinstance(outcome, Refusal):
            refused[each.day] = outcome
        elif outcome:
            saved.append(each)
    if saved:
        days = ", ".join(date_format(each.day, "D j M") for each in saved)
        messages.success(request, about(found.section, _("%(name)s is saved: %(days)s."), days=days))
    if refused:
        return _page(request, selectors.week(section, on, by=user), on, refused)
    if not saved:
        messages.info(request, _("Nothing was changed, so nothing was saved."))
    return HttpResponseRedirect(request.get_full_path())


def _sheet(found: Week, day: WeekDay) -> Sheet:
    records = [
        {**student, **day.marks[student["student_id"]], "on_roster": True}
        for student in found.students
        if student["student_id"] in day.marks
    ]
    return Sheet(day.roll, records, found.codes, name=full_name, suggests=False)


def _save(posted: QueryDict, found: Week, day: WeekDay, *, by: User) -> Refusal | bool:
    """Whether there was something to save; why it was not."""
    sheet = _sheet(found, day)
    shown = sheet.fields
    # Times and the remark are the day's page's to change.
    typed = read_form(posted, shown, day=day.day.isoformat())
    if typed.version == sheet.version and typed.rows == shown:
        return False
    # A cell without a code of a roll that nobody has taken, or that nobody had when the page was made.
    default = found.codes.default() if day.roll["taken_at"] is None or typed.version < sheet.version else None
    try:
        marks = typed.marks(
            found.codes, times_in_sight=False, instead_of_none=default.code if default is not None else ""
        )
        key = SessionKey(day.day, section=found.section.sourced_id)
        services.mark_attendance(session=key, marks=marks, expected_version=typed.version, by=by)
    except SchoolOpsError as error:
        if not shown_in_place(error):
            raise
        left = sheet.lay_over(typed, error)
        # Cells that were not touched are theirs who saved it meanwhile; without any touched, all is well.
        if isinstance(error, RollChangedMeanwhile) and sheet.fields == shown:
            return False
        wrong = [f"{row.name}: {problem}" for row in sheet.rows for problem in row.problems]
        return Refusal([why_not_saved(error), *left, *wrong], sheet)
    return True


# --- the page ---------------------------------------------------------------------------------------------------------
def _page(request: HttpRequest, found: Week, on: dt.date, refused: dict[dt.date, Refusal]) -> HttpResponse:
    first, last = found.days[0].day, found.days[-1].day
    before, after = on - dt.timedelta(days=7), on + dt.timedelta(days=7)
    context = {
        "week": found,
        "columns": [(day, _why(day), _version(day, refused)) for day in found.days],
        "rows": found.students,
        "lines": week_lines(_rows(found, refused)),
        "choices": choices_of(found.codes),
        "default": found.codes.default(),
        "refused": [(day.day, refused[day.day].notices) for day in found.days if day.day in refused],
        "writable": any(day.standing == "open" for day in found.days),
        "register": has_register(found.section, by=actor(request)),
        "before": _address(found, before),
        "after": _address(found, after),
    }
    title = f"{apart(found.section)} – {date_format(first, 'MONTH_DAY_FORMAT')} – {date_format(last)}"
    return render_page(request, "office/attendance/week.html", context, title=title, status=409 if refused else 200)


def _version(day: WeekDay, refused: dict[dt.date, Refusal]) -> int | None:
    """Of what is shown; ``None``, where the day cannot be marked."""
    if day.standing != "open":
        return None
    return refused[day.day].sheet.version if day.day in refused else day.roll["version"]


def _rows(found: Week, refused: dict[dt.date, Refusal]) -> list[tuple[dict[str, Any], str, list[Cell]]]:
    """Each student with a cell for each day."""
    days: list[tuple[WeekDay, dict[str, Row]]] = []
    for day in found.days:
        sheet = refused[day.day].sheet if day.day in refused else _sheet(found, day) if day.marks else None
        days.append((day, {row.student_id: row for row in sheet.rows} if sheet is not None else {}))
    return [
        (student, full_name(student), [Cell(day, rows.get(str(student["student_id"]))) for day, rows in days])
        for student in found.students
    ]


def _address(found: Week, day: dt.date) -> str:
    return reverse("office:section-week", args=(found.section.sourced_id, day.isoformat()))


def _why(day: WeekDay) -> str:
    """Why a day cannot be marked; empty, where it can."""
    words = {
        "locked": _("locked"),
        "closed": _(day.why),
        "future": _("not yet"),
        "outside": _("outside the year"),
        "out-of-reach": _("not yours on this day"),
    }
    return words.get(day.standing, "")
