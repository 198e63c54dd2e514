"""“Your school is ready when …”: what is done and what is missing, and the calendar of the year."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import label_for_field
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.family import services as family
from apps.institutions import services
from apps.institutions.models import AcademicYear, CalendarDay, GradeLevel, Institution
from apps.institutions.services.years import DayKind
from apps.office.setup.selectors import CAPABILITIES, Line, readiness
from apps.office.shell.fields import about, day_field, posted, time_field
from apps.office.shell.forms import add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import office
from apps.students.models import FamilyItem
from schoolops import twins
from schoolops.errors import SchoolOpsError

# Step → what it says, and the page where it is done.
WORDS: dict[str, tuple[str | Promise, str]] = {
    "timezone": (gettext_lazy("The campus knows its timezone"), "office:begin"),
    "weekend": (gettext_lazy("The days without school are chosen"), "office:institutions_institution_changelist"),
    "year": (
        gettext_lazy("An academic year is active and contains today"),
        "office:institutions_academicyear_changelist",
    ),
    "terms": (gettext_lazy("The year has terms"), "office:institutions_term_changelist"),
    "calendar": (gettext_lazy("The holidays are in the calendar"), "office:calendar"),
    "levels": (gettext_lazy("There are grade levels"), "office:institutions_gradelevel_changelist"),
    "sections": (gettext_lazy("The year has sections"), "office:institutions_section_changelist"),
    "codes": (gettext_lazy("One attendance code is the default"), "office:attendance_attendancecode_changelist"),
    "periods": (gettext_lazy("There are periods for the classes"), "office:timetable_period_changelist"),
    "staff": (gettext_lazy("The staff are on the books"), "office:staff_staffmember_changelist"),
    "teachers": (gettext_lazy("Every section has a teacher"), "office:staff_teachingassignment_changelist"),
    "students": (gettext_lazy("Students are enrolled and in sections"), "office:students_student_changelist"),
    "guardians": (gettext_lazy("Every student has somebody to call"), "office:students_guardian_changelist"),
}
WORDS |= {
    "staff-mail": (
        gettext_lazy("Everybody of the staff without a login has an e-mail"),
        "office:staff_staffmember_changelist",
    ),
    "guardian-mail": (
        gettext_lazy("Every guardian without a login has an e-mail"),
        "office:students_guardian_changelist",
    ),
}
CAN = {
    "take-rolls": gettext_lazy("Take rolls"),
    "plan-the-year": gettext_lazy("Plan the year"),
    "invite-staff": gettext_lazy("Invite staff"),
    "invite-guardians": gettext_lazy("Invite guardians"),
}
KINDS = (
    (CalendarDay.Kind.HOLIDAY, gettext_lazy("Holiday")),
    (CalendarDay.Kind.CLOSURE, gettext_lazy("Closed")),
    (CalendarDay.Kind.INSTRUCTIONAL, gettext_lazy("School, though it is a weekend")),
    (CalendarDay.Kind.TIMING_CHANGE, gettext_lazy("Other times")),
    ("", gettext_lazy("Nothing special: take it out of the calendar")),
)


@office_page(permission="institutions.manage", over="campus")
def set_up(request: HttpRequest) -> HttpResponse:
    """The check-list, campus by campus."""
    user = actor(request)
    lines = readiness(access.today(user), by=user)
    campuses = [
        {"name": name, "can": list(_capabilities(list(group)))}
        for name, group in groupby(lines, key=lambda each: each.institution)
    ]
    missing = sum(not line.done for line in lines)
    context = {
        "campuses": campuses,
        "missing": missing,
        "done": len(lines) - missing,
        "of": len(lines),
        "twins": list(_twins(request)),
    }
    return render_page(request, "office/setup/set_up.html", context, title=_("Check-list"))


def _capabilities(lines: list[Line]) -> Iterator[dict[str, Any]]:
    """Of one campus: what it can do, and what is missing for the rest, each with the page where that is done."""
    for name, steps in CAPABILITIES.items():
        shown = [
            {"done": each.done, "words": WORDS[each.step][0], "to": reverse(WORDS[each.step][1])}
            for each in lines
            if each.step in steps
        ]
        yield {"words": CAN[name], "lines": shown, "missing": sum(not each["done"] for each in shown)}


def _twins(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """What reads the same, where the reader sees both in a list of the office."""
    for twin in twins.twins():
        admin = office.admin_of(twin.of.model)
        if admin is None or not admin.has_view_permission(request):
            continue
        seen = {each.pk for each in admin.get_queryset(request).filter(pk__in=(twin.row.pk, twin.other.pk))}
        if len(seen) == 2:
            page = f"office:{twin.of.model._meta.app_label}_{twin.of.model._meta.model_name}_change"
            rows = ((twin.row, twin.said), (twin.other, twin.other_said))
            yield {
                "one": admin.one,
                "what": label_for_field(twin.of.column, twin.of.model),
                "rows": [{"said": said, "name": str(row), "to": reverse(page, args=(row.pk,))} for row, said in rows],
            }


@office_page(permission="family.open", over="school")
def families(request: HttpRequest) -> HttpResponse:
    """What families see of each grade level: a row for each, a tick for what is open."""
    levels = list(GradeLevel.objects.select_related("family_opening").order_by("position", "pk"))
    if request.method == "POST":
        for level in levels:
            closed = [item for item in FamilyItem.values if f"{level.pk}-{item}" not in request.POST]
            family.set_opening(grade_level=level, closed=closed, by=actor(request))
        messages.success(request, _("What families see is saved. It holds from the next click of every family."))
        return HttpResponseRedirect(reverse("office:families"))
    rows = [(level, [(item, item not in _closed(level)) for item in FamilyItem]) for level in levels]
    context = {"items": list(FamilyItem), "rows": rows}
    return render_page(request, "office/setup/families.html", context, title=_("What families see"))


def _closed(level: GradeLevel) -> list[str]:
    return level.family_opening.closed if hasattr(level, "family_opening") else []


class DaysForm(forms.Form):
    """Days of the calendar, from one to another, both included."""

    starts_on = day_field(label=gettext_lazy("From"))
    ends_on = day_field(label=gettext_lazy("To, included"), required=False, help_text=gettext_lazy("Empty: one day."))
    kind = forms.ChoiceField(
        label=gettext_lazy("These days are"), choices=KINDS, required=False, initial=CalendarDay.Kind.HOLIDAY
    )
    title = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    starts_at = time_field(label=gettext_lazy("School begins at"), required=False)
    ends_at = time_field(label=gettext_lazy("School ends at"), required=False)

    def carry_out(self, institution: Institution, by: Any) -> int:
        """How many days were written. Raises what the service raises."""
        said = self.cleaned_data
        stretch = {
            "institution": institution,
            "starts_on": said["starts_on"],
            "ends_on": said["ends_on"] or said["starts_on"],
            "by": by,
        }
        if not said["kind"]:
            return services.clear_days(**stretch)
        what = DayKind(said["kind"], title=said["title"], starts_at=said["starts_at"], ends_at=said["ends_at"])
        return services.set_days(**stretch, what=what)


@office_page(permission="institutions.view", over="everybody")
def calendar_page(request: HttpRequest) -> HttpResponse:
    """The year of a campus, month by month, and a form that marks days."""
    user = actor(request)
    campuses = list(Institution.objects.order_by("name", "pk"))
    if not campuses and access_rows.reaches_everything(user, "institutions.manage"):
        messages.info(request, _("A calendar is a campus's: say first which one there is."))
        return HttpResponseRedirect(reverse("office:begin"))
    campus = _campus(request, campuses)
    manages = _manages(request, campus)
    form = DaysForm(posted(request)) if manages else None
    if request.method == "POST":
        access.require_at(user, "institutions.manage", campus)
        if form is not None and form.is_valid():
            try:
                number = form.carry_out(campus, user)
            except SchoolOpsError as error:
                add_refusal(form, error)
            else:
                words = ngettext(
                    "%(count)d day of %(name)s is written.", "%(count)d days of %(name)s are written.", number
                )
                messages.success(request, about(campus, words, count=number))
                return HttpResponseRedirect(f"{reverse('office:calendar')}?campus={campus.sourced_id}")
    year = _year(campus, access.today(user))
    context = {
        "campuses": campuses,
        "campus": campus,
        "year": year,
        "months": _months(campus, year) if year is not None else [],
        "weekdays": [date_format(dt.date(2024, 1, number), "D") for number in range(1, 8)],
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "office/setup/calendar.html", context, title=_("Calendar"), status=status)


def _campus(request: HttpRequest, campuses: list[Institution]) -> Institution:
    wanted = request.GET.get("campus")
    try:
        key = UUID(wanted) if wanted else None
    except ValueError:
        raise Http404 from None
    found = next((campus for campus in campuses if key is None or campus.sourced_id == key), None)
    if found is None:
        raise Http404
    return found


def _manages(request: HttpRequest, campus: Institution) -> bool:
    at = access_rows.institutions_of(actor(request), "institutions.manage")
    return at is None or campus.pk in at


def _year(campus: Institution, today: dt.date) -> AcademicYear | None:
    years = AcademicYear.objects.filter(institution=campus)
    found: AcademicYear | None = years.filter(ends_on__gte=today).order_by("starts_on").first()
    return found or years.order_by("-starts_on").first()


def _months(campus: Institution, year: AcademicYear) -> list[dict[str, Any]]:
    special = {
        row.day: row
        for row in CalendarDay.objects.filter(institution=campus, day__range=(year.starts_on, year.ends_on))
    }
    weeks = calendar.Calendar(firstweekday=0)
    months = []
    first = year.starts_on.replace(day=1)
    while first <= year.ends_on:
        days = [
            [_cell(day, campus, special.get(day)) if day.month == first.month else None for day in week]
            for week in weeks.monthdatescalendar(first.year, first.month)
        ]
        listed = [row for day, row in sorted(special.items()) if (day.year, day.month) == (first.year, first.month)]
        months.append({"first": first, "weeks": days, "special": listed})
        first = (first + dt.timedelta(days=31)).replace(day=1)
    return months


def _cell(day: dt.date, campus: Institution, row: CalendarDay | None) -> dict[str, Any]:
    if row is not None:
        return {"day": day, "kind": row.kind, "title": row.title or dict(KINDS).get(row.kind, row.kind)}
    return {"day": day, "kind": "weekend" if day.isoweekday() in campus.weekend else "", "title": ""}
