"""A student's page, and what the office does with a student: admit, move, withdraw, enrol again."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language_bidi, gettext_lazy
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.family import services as family
from apps.institutions.api.views.logos import picture_response
from apps.office.people.pages.placing import AdmitForm, MoveForm, PlaceForm, WithdrawForm
from apps.office.people.selectors.records import Record, reaches, record_of, student_in_reach
from apps.office.shell.charts import enrolment_line, legend, squares_of, year_picture
from apps.office.shell.fields import posted
from apps.office.shell.forms import add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.rooms import Words, rooms
from apps.office.shell.trail import as_read
from apps.students.errors import NoPhoto
from schoolops.errors import SchoolOpsError


@office_page(permission="students.view", over="student")
def student(request: HttpRequest, student: UUID) -> HttpResponse:
    """Everything the reader may see of a student."""
    user = actor(request)
    day = access.today(user)
    found = record_of(student, by=user, day=day)
    family.note_look(student=found.student, by=user)
    manages = reaches(found.student, by=user, day=day, permission="students.manage")
    picture = _picture(found)
    context = {
        "record": found,
        "student": found.student,
        "section": found.section_on(day),
        "family": [
            {"row": link, "restriction": (found.restrictions or {}).get(link.pk, "")} for link in found.family or ()
        ],
        "line": enrolment_line(found.enrolments, today=day),
        "picture": picture,
        "squares": squares_of(picture) if picture else "",
        "months": _months(found),
        "legend": legend(),
        "manages": manages and found.student.merged_into_id is None,
        "enrolled": _enrolled(found, day),
        "abouts": [
            each
            for room in rooms()
            for each in room.about_students
            if found.student.merged_into_id is None
            and reaches(found.student, by=user, day=day, permission=each.permission)
        ],
    }
    context["lines"] = as_read(found.entries or (), request)
    return render_page(request, "office/people/student.html", context, title=found.student.full_name)


def _enrolled(found: Record, day: dt.date) -> bool:
    return any(enrolment.until > max(day, enrolment.entered_on) for enrolment in found.enrolments)


def _picture(found: Record) -> Any:
    if found.year is None or found.days is None:
        return None
    weekend = found.student.institution.weekend
    return year_picture(found.year, found.days, found.calendar, weekend=weekend, rtl=get_language_bidi())


def _months(found: Record) -> list[dict[str, Any]]:
    """The picture in words: each month with its days by what counted."""
    months: dict[dt.date, dict[str, Any]] = {}
    for day, row in sorted((found.days or {}).items()):
        month = months.setdefault(
            day.replace(day=1), {"present": 0, "half": 0, "absent": 0, "excused": 0, "late": 0, "away": []}
        )
        month[row.state] += 1
        month["late"] += row.late
        if row.state != "present":
            month["excused"] += row.excused
            month["away"].append(day)
    return [{"month": month, **counted} for month, counted in months.items()]


@office_page(permission="students.view", over="student")
def photo(request: HttpRequest, student: UUID) -> HttpResponse:
    """The photo, for whoever may see the student."""
    found = student_in_reach(student, by=actor(request), day=access.today(actor(request)))
    try:
        return cast(HttpResponse, picture_response(found.photo, none=NoPhoto, public=False))
    except NoPhoto as none:
        raise Http404 from none


# --- what is done -----------------------------------------------------------------------------------------------------
@office_page(permission="students.manage", over="campus")
def admit(request: HttpRequest) -> HttpResponse:
    """Take a new student onto the books."""
    user = actor(request)
    form = AdmitForm(posted(request), by=user)
    if request.method == "POST" and form.is_valid():
        try:
            admitted = form.admit()
        except SchoolOpsError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("%(name)s is admitted.") % {"name": admitted.full_name})
            return HttpResponseRedirect(reverse("office:student", args=[admitted.sourced_id]))
    return _form_page(request, form, title=_("Admit a student"), action=_("Admit"))


# What an address says → the form, what it is called, and its button.
CHANGES: dict[str, tuple[type[MoveForm | WithdrawForm | PlaceForm], Words, Words]] = {
    "move": (MoveForm, gettext_lazy("Move to another section"), gettext_lazy("Move")),
    "withdraw": (WithdrawForm, gettext_lazy("Withdraw"), gettext_lazy("Withdraw")),
    "enrol": (PlaceForm, gettext_lazy("Enrol again"), gettext_lazy("Enrol")),
}


@office_page(permission="students.manage", over="student")
def change(request: HttpRequest, student: UUID, how: str) -> HttpResponse:
    """A student moves to another section, leaves the school, or comes again."""
    user = actor(request)
    found = student_in_reach(student, by=user, day=access.today(user), permission="students.manage")
    kind, title, action = CHANGES[how]
    form = kind(posted(request), by=user)
    back = reverse("office:student", args=[found.sourced_id])
    if request.method == "POST" and form.is_valid():
        try:
            form.carry_out(found)
        except SchoolOpsError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("%(name)s: saved.") % {"name": found.full_name})
            return HttpResponseRedirect(back)
    return _form_page(request, form, title=f"{found.full_name}: {title}", action=action, back=back)


def _form_page(request: HttpRequest, form: Any, *, title: str, action: Words, back: str = "") -> HttpResponse:
    context = {"form": form, "action": action, "back": back or reverse("office:index")}
    return render_page(request, "office/shell/form.html", context, title=title, status=422 if form.errors else 200)
