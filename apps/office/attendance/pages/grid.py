"""The attendance grid: one roll, marked by keyboard or without any script, over the service the API uses."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.access import selectors as access_rows
from apps.attendance import selectors, services
from apps.attendance.models import DayState
from apps.attendance.selectors import CodeBook, SessionKey
from apps.office.attendance.pages.lines import grid_lines
from apps.office.attendance.pages.marks import (
    Sheet,
    Typed,
    choices_of,
    full_name,
    read_form,
    shown_in_place,
    students_sent,
    why_not_saved,
)
from apps.office.attendance.selectors.register import has_register
from apps.office.attendance.selectors.rolls import requested_leave
from apps.office.shell.fields import about, apart, day_of
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import words_of
from schoolops import problem
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed

LONGEST_REASON = 200


@office_page(permission="attendance.view", over="section")
def grid(request: HttpRequest, kind: str, group: UUID, day: str) -> HttpResponse:
    """One roll: to mark for who may, to read for who may only see it."""
    key = _key(request, kind, group, day_of(day))
    if request.method != "POST":
        return _page(request, key)
    return _reopened(request, key) if "reopen" in request.POST else _saved(request, key)


def _key(request: HttpRequest, kind: str, group: UUID, day: dt.date) -> SessionKey:
    period = request.GET.get("period")
    try:
        at = UUID(period) if period else None
    except ValueError:
        raise Http404 from None
    return SessionKey(
        day=day, section=group if kind == "section" else None, course_class=None if kind == "section" else group,
        period=at,
    )  # fmt: skip


def _saved(request: HttpRequest, key: SessionKey) -> HttpResponse:
    typed = read_form(request.POST, students_sent(request.POST))
    try:
        marks = typed.marks(CodeBook(), times_in_sight=True)
        sheet = services.mark_attendance(session=key, marks=marks, expected_version=typed.version, by=actor(request))
    except SchoolOpsError as refusal:
        if not shown_in_place(refusal):
            raise
        return _page(request, key, typed=typed, refusal=refusal)
    absent = sheet.records.filter(state=DayState.ABSENT).count()
    words = ngettext("%(name)s is saved: %(count)d absent.", "%(name)s is saved: %(count)d absent.", absent)
    messages.success(request, about(sheet, words, count=absent))
    return HttpResponseRedirect(request.get_full_path())


def _reopened(request: HttpRequest, key: SessionKey) -> HttpResponse:
    reason = composed(request.POST.get("reason", "").strip())
    if len(reason) > LONGEST_REASON:
        words = _("A reason has at most %d characters.") % LONGEST_REASON
        return _page(request, key, notice=words, status=422)
    if not reason:
        return _page(request, key, notice=_("Say why the roll is re-opened."), status=422)
    try:
        roll = services.reopen_day(session=key, reason=reason, lasting=dt.timedelta(hours=24), by=actor(request))
    except SchoolOpsError as refusal:
        if not shown_in_place(refusal):
            raise
        return _page(request, key, refusal=refusal)
    messages.success(request, about(roll, _("%(name)s: the roll is open for 24 hours.")))
    return HttpResponseRedirect(request.get_full_path())


# --- the page ---------------------------------------------------------------------------------------------------------
def _page(
    request: HttpRequest,
    key: SessionKey,
    *,
    typed: Typed | None = None,
    refusal: SchoolOpsError | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    """The roll as it is, or with what was typed on top and why that is not saved."""
    user = actor(request)
    found, place = selectors.roll_and_place(key, by=user, its_day=True)
    held = access_rows.permissions_of(user)
    locked = found["state"] == "locked"
    codes = place.codes or CodeBook()
    never = _never(place)
    sheet = Sheet(found, found["records"], codes, name=full_name)
    left = sheet.lay_over(typed, refusal) if typed is not None else []
    if refusal is not None:
        notice, status = " ".join([why_not_saved(refusal), *left]), problem.status_of(refusal)[0]
    writable = "attendance.mark" in held and not locked and not never
    context = {
        "roll": found,
        "version": sheet.version,
        "rows": sheet.rows,
        "lines": grid_lines(sheet.rows) if writable else "",
        "gone": sheet.gone,
        "unmarked": sheet.unmarked,
        "changed": selectors.marks_changed_in(found["id"], by=user, day=key.day) if found["id"] else (),
        "asked": (
            requested_leave([row.student_id for row in sheet.rows], key.day, by=user) if "leave.decide" in held else ()
        ),
        "choices": choices_of(codes),
        "notice": notice,
        "changes": [row for row in sheet.rows if row.changed],
        "writable": writable,
        "may_reopen": locked and "attendance.lock" in held,
        "never": never,
        "place": place,
        "register": has_register(place.section, by=user),
        "day": key.day,
        "before": key.day - dt.timedelta(days=1),
        "after": key.day + dt.timedelta(days=1),
        "today": place.today,
    }
    period = f" – {place.period.name}" if place.period else ""
    title = f"{apart(f'{place.group}{period}')} – {date_format(key.day, _('l, j F Y'))}"
    return render_page(request, "office/attendance/grid.html", context, title=title, status=status)


def _never(place: selectors.Place) -> str:
    """Why there can be no roll on that day; empty, where there can."""
    try:
        selectors.must_be_a_day_for_rolls(place)
    except SchoolOpsError as error:
        return words_of(error)
    return ""
