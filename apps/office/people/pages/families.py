"""The family as one page, and one entry for all its children who stay away."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.attendance import services as attendance
from apps.attendance.models import AttendanceCode, DayState
from apps.family import services as family
from apps.office.people.selectors.families import Child, family_of
from apps.office.people.selectors.records import student_in_reach
from apps.office.shell.fields import day_field, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from schoolops.errors import SchoolOpsError


class AwayForm(DressedForm):
    """Who stays away, how long and why; both days included."""

    refusals: ClassVar[dict[str, str]] = {
        "attendance:leave-overlaps": "starts_on",
        "attendance:leave-ends-before-it-starts": "ends_on",
        "attendance:leave-too-long": "ends_on",
        "attendance:code-unknown": "code",
        "attendance:code-retired": "code",
    }
    students = forms.MultipleChoiceField(label=gettext_lazy("Who"))
    starts_on = day_field(label=gettext_lazy("From"))
    ends_on = day_field(label=gettext_lazy("Until"))
    code = forms.ChoiceField(label=gettext_lazy("Code"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, initial=gettext_lazy("Ill"))

    def __init__(self, *arguments: Any, children: list[Child], **more: Any) -> None:
        super().__init__(*arguments, **more)
        away = AttendanceCode.objects.filter(retired=False, state=DayState.ABSENT).order_by("-excused", "position")
        told = [(str(each.student.sourced_id), f"{each.student.full_name}, {each.section}") for each in children]
        self.fields["students"].choices = told  # type: ignore[attr-defined]
        self.fields["students"].initial = [key for key, _said in told]
        self.fields["code"].choices = [(each.code, each.name) for each in away]  # type: ignore[attr-defined]


@office_page(permission="guardians.view", over="student")
def family_page(request: HttpRequest, student: UUID) -> HttpResponse:
    """The children who share a guardian with a student, their guardians, and leave for those who are ticked."""
    user = actor(request)
    day = access.today(user)
    found = student_in_reach(student, by=user, day=day, permission="guardians.view")
    family.note_look(student=found, by=user)
    there = family_of(found, by=user, day=day)
    form = None
    if "leave.request" in access_rows.permissions_of(user):
        enrolled = [each for each in there.children if each.section]
        form = AwayForm(posted(request), children=enrolled, initial={"starts_on": day, "ends_on": day})
    elif request.method == "POST":
        access.require(user, "leave.request")
    if form is not None and form.is_valid():
        said = dict(form.cleaned_data)
        try:
            leaves, locked = attendance.enter_leave(
                students=[UUID(each) for each in said.pop("students")], by=user, **said
            )
        except SchoolOpsError as error:
            add_refusal(form, error, on=form.refusals)
        else:
            _say(request, leaves, locked)
            return HttpResponseRedirect(reverse("office:student-family", args=[found.sourced_id]))
    context = {
        "student": found,
        "lines": [
            (child, [child.guardians.get(guardian.pk) for guardian in there.guardians]) for child in there.children
        ],
        "guardians": there.guardians,
        "form": form,
    }
    title = _("Family of %(name)s") % {"name": found.full_name}
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "office/people/family.html", context, title=title, status=status)


def _say(request: HttpRequest, leaves: Any, locked: Any) -> None:
    names = _(", ").join(each.student.full_name for each in leaves)
    approved = all(each.state == each.State.APPROVED for each in leaves)
    words = _("%(names)s: on leave until %(day)s.") if approved else _("%(names)s: leave until %(day)s is asked for.")
    messages.success(request, words % {"names": names, "day": date_format(leaves[0].ends_on, _("l, j F Y"))})
    if locked:
        days = _(", ").join(date_format(each, _("l, j F Y")) for each in locked)
        messages.warning(request, _("Rolls of these days are locked and stay: %(days)s.") % {"days": days})
