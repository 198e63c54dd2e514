"""The teacher's page: my classes today, tap, mark, saved. Small, and made for a thumb.

The frame is not the office's: a phone on a school's network loads one page of a few kilobytes and one script, and every
page works without the script.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.access import selectors as holders
from apps.access import services as access
from apps.attendance import selectors, services
from apps.attendance.errors import AttendanceDayLocked, EditWindowOver, RollChangedMeanwhile
from apps.attendance.models import DayState
from apps.attendance.selectors import CodeBook, SessionKey
from apps.institutions import selectors as institutions
from apps.office.attendance.pages.lines import phone_lines
from apps.office.attendance.pages.marks import Sheet, Typed, called, read_form, students_sent
from apps.office.attendance.selectors.rolls import requested_leave
from apps.office.shell import palette
from apps.office.shell.site import View, actor, behind_the_door, remedy_of, support_here, words_of
from schoolops import problem
from schoolops.context import school_or_none
from schoolops.errors import Conflict, Invalid, SchoolOpsError

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DAY = dt.timedelta(days=1)


def roll_page(view: View) -> View:
    """A view for staff, in the frame of the roll."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return answer

    return behind_the_door(inner)


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> TemplateResponse:
    look = institutions.branding()
    frame = {
        "school": getattr(school_or_none(), "name", "") or look.name,
        "colour": palette.shades_of(look.colour)["600"],
        "support": support_here(request),
    }
    return TemplateResponse(request, template, {**frame, **context}, status=status)


@roll_page
@require_safe
def classes(request: HttpRequest) -> HttpResponse:
    """What the teacher has to mark on a day, by time."""
    today = access.today(actor(request))
    day = _asked_day(request) or today
    rolls = selectors.classes_of(day, by=actor(request))
    selectors.say_which_campus(rolls)
    closed = {each.sourced_id: why for each, why in selectors.campuses_closed(day)} if rolls else {}
    for roll in rolls:
        roll["closed"] = closed.get(roll["institution_id"], "") if roll["roll"]["taken_at"] is None else ""
        roll["address"] = _address(roll["class_id"], roll["section_id"], day, roll["period"])
    context = {
        "day": day,
        "today": today,
        "before": day - _DAY,
        "after": day + _DAY if day < today else None,
        "rolls": rolls,
        "expected": sum(not roll["closed"] for roll in rolls),
        "taken": sum(roll["roll"]["taken_at"] is not None for roll in rolls),
        "exams": "marks.enter" in holders.permissions_of(actor(request)),
    }
    return _page(request, "office/attendance/roll/classes.html", context)


def _asked_day(request: HttpRequest) -> dt.date | None:
    try:
        day = parse_date(request.GET.get("day", ""))
    except ValueError:
        return None
    # The days beside it are shown as well.
    return day if day is not None and dt.date.min < day < dt.date.max else None


def _address(course_class: UUID | None, section: UUID | None, day: dt.date, period: dict[str, Any] | None) -> str:
    kind, group = ("class", course_class) if course_class is not None else ("section", section)
    if period is None:
        return reverse("office:roll-of-day", args=[kind, group, day])
    return reverse("office:roll-of-period", args=[kind, group, day, period["id"]])


@roll_page
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, kind: str, group: UUID, day: dt.date, period: UUID | None = None) -> HttpResponse:
    """One roll: shown, and saved over the same service as the API's."""
    key = SessionKey(
        day=day,
        section=group if kind == "section" else None,
        course_class=group if kind == "class" else None,
        period=period,
    )
    access.require(actor(request), "attendance.mark")
    if request.method != "POST":
        return _shown(request, key)
    typed = read_form(request.POST, students_sent(request.POST))
    try:
        codes = CodeBook()
        services.mark_attendance(
            session=key,
            marks=typed.marks(codes, times_in_sight=False),
            expected_version=typed.version,
            by=actor(request),
        )
    except (Conflict, Invalid) as refusal:
        return _shown(request, key, typed=typed, refusal=refusal)
    messages.success(request, _saved(request, typed, codes))
    onward = f"{reverse('office:roll')}?day={day}"
    if request.headers.get("X-Requested-With") == "fetch":
        # The page's script goes there itself: had it followed, nobody would have seen the message.
        return HttpResponse(status=204, headers={"Location": onward})
    return HttpResponseRedirect(onward, status=303)


def _saved(request: HttpRequest, typed: Typed, codes: CodeBook) -> str:
    states = Counter(codes.by_letter[said.code].state for said in typed.rows.values())
    counted = {"present": states[DayState.PRESENT], "absent": states[DayState.ABSENT], "half": states[DayState.HALF]}
    title = request.POST.get("title", "")[:200]
    if counted["half"]:
        text = _("%(title)s is saved: %(present)d present, %(absent)d absent, %(half)d for half a day.")
    else:
        text = _("%(title)s is saved: %(present)d present, %(absent)d absent.")
    return text % {"title": title, **counted}


def _shown(
    request: HttpRequest, key: SessionKey, *, typed: Typed | None = None, refusal: SchoolOpsError | None = None
) -> HttpResponse:
    """The page of a roll: as it is, or with what was typed on top and the reason why that is not saved."""
    roll, place = selectors.roll_and_place(key, by=actor(request), its_day=True)
    page = Sheet(roll, roll["records"], place.codes or CodeBook(), name=called)
    notes = page.lay_over(typed, refusal) if typed is not None else []
    why_not = refusal or _why_not(place, locked=roll["state"] == "locked")
    locked = roll["state"] == "locked" or isinstance(why_not, AttendanceDayLocked | EditWindowOver)
    # What was typed stays in reach: whoever re-opens the roll lets it be saved as it stands.
    may_save = typed is not None or why_not is None
    listed = [row["student_id"] for row in roll["records"]]
    context = {
        "title": str(place.group),
        "period": place.period,
        "day": key.day,
        "back": f"{reverse('office:roll')}?day={key.day}",
        "roll": roll,
        "version": page.version,
        "rows": page.rows,
        "lines": phone_lines(page.rows, may_save=may_save),
        "key": [(code.code, _(code.name)) for code in page.usual],
        "unmarked": page.unmarked,
        # Names alone: why they ask is for who decides.
        "asked": [each.student.full_name for each in requested_leave(listed, key.day, by=actor(request))],
        "gone": [row.name for row in page.gone],
        "refusal": {"words": words_of(why_not), "remedy": "" if locked else remedy_of(why_not)} if why_not else None,
        "notes": notes,
        "changed": isinstance(why_not, RollChangedMeanwhile),
        "locked": locked,
        "may_save": may_save,
        "openers": holders.holders_of("attendance.lock", institution=place.institution.pk) if locked else [],
    }
    status = 200 if refusal is None else problem.status_of(refusal)[0]
    return _page(request, "office/attendance/roll/sheet.html", context, status=status)


def _why_not(place: selectors.Place, *, locked: bool) -> SchoolOpsError | None:
    """Why the roll cannot be saved now, asked before anybody has typed."""
    try:
        selectors.must_be_a_day_for_rolls(place)
        if locked:
            selectors.must_be_open(place.sessions().first() or place.blank(), place)
    except (Conflict, Invalid) as refusal:
        return refusal
    return None
