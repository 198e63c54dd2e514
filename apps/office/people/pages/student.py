"""A student's page, and what the office does with a student: admit, move, withdraw, enrol again."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi, gettext_lazy
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.accounts.models import User
from apps.family import services as family
from apps.institutions.api.views.logos import picture_response
from apps.office.people.pages.placing import (
    AdmitForm,
    FamilyForm,
    MergeForm,
    MoveForm,
    PlaceForm,
    PlannedForm,
    WithdrawForm,
)
from apps.office.people.selectors.merging import compared, may_be_one_child
from apps.office.people.selectors.records import Record, planned_after, reaches, record_of, student_in_reach
from apps.office.shell.charts import enrolment_line, legend, squares_of, year_picture
from apps.office.shell.fields import about, apart, id_of, posted
from apps.office.shell.forms import add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.rooms import Words, rooms
from apps.office.shell.trail import as_read
from apps.students import services
from apps.students.errors import NoPhoto, NothingPlanned
from apps.students.models import Enrolment
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
        "planned": planned_after(found, day),
        "adds_guardians": _may(found, user, day, "guardians.manage"),
        "merges": _may(found, user, day, "students.merge"),
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


def _may(found: Record, user: User, day: dt.date, permission: str) -> bool:
    return found.student.merged_into_id is None and reaches(found.student, by=user, day=day, permission=permission)


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
    sibling = id_of(request.GET.get("sibling", ""))
    day = access.today(user)
    form = AdmitForm(
        posted(request), by=user, sibling=None if sibling is None else student_in_reach(sibling, by=user, day=day)
    )
    if request.method == "POST" and form.is_valid():
        try:
            admitted = form.admit()
        except SchoolOpsError as error:
            add_refusal(form, error)
        else:
            messages.success(request, form.told(admitted))
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
            messages.success(request, form.told(found))
            return HttpResponseRedirect(back)
    return _form_page(request, form, title=f"{found.full_name}: {title}", action=action, back=back)


@office_page(permission="guardians.manage", over="student")
def guardian(request: HttpRequest, student: UUID) -> HttpResponse:
    """Somebody is responsible for a student: found on the books, or made, and linked."""
    user = actor(request)
    found = student_in_reach(student, by=user, day=access.today(user), permission="guardians.manage")
    form = FamilyForm(posted(request), by=user)
    back = reverse("office:student", args=[found.sourced_id])
    if request.method == "POST" and form.is_valid():
        try:
            linked = form.carry_out(found)
        except SchoolOpsError as error:
            add_refusal(form, error, on={"students:guardian-already-linked": "guardian_is"})
        else:
            messages.success(request, about(linked, _("%(name)s is a guardian of %(child)s."), child=apart(found)))
            return HttpResponseRedirect(back)
    return _form_page(
        request, form, title=_("%(name)s: add a guardian") % {"name": found.full_name}, action=_("Add"), back=back
    )


@office_page(permission="students.manage", over="student")
def planned(request: HttpRequest, student: UUID, day: dt.date, what: str) -> HttpResponse:
    """A move or a departure that is planned for ``day``: on another day, or not at all."""
    user = actor(request)
    found = student_in_reach(student, by=user, day=access.today(user), permission="students.manage")
    form = PlannedForm(posted(request), by=user, planned_on=day)
    back = reverse("office:student", args=[found.sourced_id])
    cancelled = "cancel" in request.POST
    title, cancel, put_off, called_off = PLANNED[what]
    if request.method == "POST" and (form.is_valid() or cancelled):
        said = {"on": None if cancelled else form.cleaned_data["on"], "reason": form.cleaned_data.get("reason", "")}
        try:
            if what == "move":
                services.change_planned_move(student=found, starts_on=day, by=user, **said)
            else:
                enrolment = Enrolment.objects.filter(student=found, exited_on=day).select_related("year").first()
                if enrolment is None:
                    raise NothingPlanned(day=day)
                services.change_planned_departure(enrolment=enrolment, by=user, **said)
        except SchoolOpsError as error:
            add_refusal(form, error)
        else:
            words = called_off if said["on"] is None else put_off
            messages.success(request, about(found, words, day=date_format(said["on"] or day)))
            return HttpResponseRedirect(back)
    return _form_page(
        request, form, title=f"{found.full_name}: {title}", action=_("Change the day"), back=back, cancel=cancel
    )


# What is planned → what its page is called, the button by which it does not happen, and what is said of each outcome.
PLANNED: dict[str, tuple[Words, Words, Words, Words]] = {
    "move": (
        gettext_lazy("A planned move"),
        gettext_lazy("Do not move"),
        gettext_lazy("%(name)s moves on %(day)s."),
        gettext_lazy("%(name)s does not move on %(day)s."),
    ),
    "leave": (
        gettext_lazy("A planned departure"),
        gettext_lazy("Do not leave"),
        gettext_lazy("%(name)s is no longer enrolled from %(day)s."),
        gettext_lazy("%(name)s does not leave on %(day)s."),
    ),
}


@office_page(permission="students.merge", over="student")
def merge(request: HttpRequest, student: UUID) -> HttpResponse:
    """Two records of one child become one: the other is found, both are compared, and one is kept."""
    user = actor(request)
    day = access.today(user)
    kept = student_in_reach(student, by=user, day=day, permission="students.merge")
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    other = id_of(request.GET.get("other", ""))
    form = MergeForm(posted(request))
    back = reverse("office:student", args=[kept.sourced_id])
    context: dict[str, Any] = {"q": words, "form": form, "back": back}
    if other is not None:
        duplicate = student_in_reach(other, by=user, day=day, permission="students.merge")
        if request.method == "POST" and form.is_valid():
            try:
                services.merge_students(keep=kept, duplicate=duplicate, by=user, **form.cleaned_data)
            except SchoolOpsError as error:
                add_refusal(form, error)
            else:
                messages.success(request, _("The two records are one: %(name)s.") % {"name": kept.full_name})
                return HttpResponseRedirect(back)
        turned = f"{reverse('office:student-merge', args=[other])}?other={kept.sourced_id}"
        context |= {"other": duplicate, "lines": compared(kept, duplicate, by=user, day=day), "turned": turned}
    else:
        context["found"] = may_be_one_child(kept, words, by=user, day=day)
    title = _("%(name)s: merge with another record") % {"name": kept.full_name}
    status = 422 if form.errors else 200
    return render_page(request, "office/people/merge.html", context, title=title, status=status)


def _form_page(
    request: HttpRequest, form: Any, *, title: str, action: Words, back: str = "", cancel: Words = ""
) -> HttpResponse:
    context = {"form": form, "action": action, "back": back or reverse("office:index"), "cancel": cancel}
    return render_page(request, "office/shell/form.html", context, title=title, status=422 if form.errors else 200)
