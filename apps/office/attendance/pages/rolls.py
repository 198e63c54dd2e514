"""The rolls of a day, and a section's register to read."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.attendance import selectors as attendance
from apps.attendance import services
from apps.office.attendance.selectors.register import Register, RegisterLine, register_of
from apps.office.attendance.selectors.rolls import rolls_of
from apps.office.shell.charts import kind_of, legend
from apps.office.shell.fields import about, apart, day_asked, day_of
from apps.office.shell.pages import actor, office_page, render_page


@office_page(permission="attendance.view", over="section")
def rolls(request: HttpRequest) -> HttpResponse:
    """Every roll that is expected on a day, with whether it was taken."""
    user = actor(request)
    today = access.today(user)
    day = day_asked(request.GET.get("day"), today)
    if request.method == "POST":
        number = services.remind_of_rolls(day=day, by=user)
        words = ngettext(
            "%(count)d teacher is reminded of rolls of %(name)s.",
            "%(count)d teachers are reminded of rolls of %(name)s.",
            number,
        )
        if not number:
            words = _("Everybody who can be reminded of rolls of %(name)s was reminded already.")
        messages.success(request, about(date_format(day), words, count=number))
        return HttpResponseRedirect(request.get_full_path())
    found = rolls_of(user, day)
    attendance.say_which_campus(found)
    teachers = attendance.say_who_teaches([each for each in found if each["roll"]["taken_at"] is None], day)
    context = {
        "day": day,
        "today": today,
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1),
        "rolls": found,
        "closed": [] if found else attendance.campuses_closed(day),
        "missing": sum(each["roll"]["taken_at"] is None for each in found),
        "reminds": bool(teachers - {user.pk}) and "attendance.mark" in access_rows.permissions_of(user),
    }
    return render_page(request, "office/attendance/rolls.html", context, title=_("Rolls"))


@office_page(permission="attendance.view", over="section")
def register(request: HttpRequest, section: UUID, month: str) -> HttpResponse:
    """A section's month: students beside days."""
    first = day_of(f"{month}-01")
    found = register_of(section, first, by=actor(request))
    context = {
        "register": found,
        "first": first,
        "before": first - dt.timedelta(days=1),
        "after": (first + dt.timedelta(days=31)).replace(day=1),
        "lines": [(line, [_cell(line, day, found) for day in found.days]) for line in found.lines],
        "legend": legend(),
    }
    title = f"{apart(found.section)} – {date_format(first, 'YEAR_MONTH_FORMAT')}"
    return render_page(request, "office/attendance/register.html", context, title=title)


def _cell(line: RegisterLine, day: dt.date, register: Register) -> dict[str, object]:
    row = line.days.get(day)
    if row is None:
        closed = register.closed.get(day, "")
        return {"day": day, "kind": "closed" if closed else "out" if not line.belongs_on(day) else "empty", "sign": ""}
    kind = kind_of(row)
    sign, words = next((sign, words) for each, sign, words in legend() if each == kind)
    return {"day": day, "kind": kind, "sign": sign, "words": words}
