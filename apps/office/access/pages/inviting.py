"""Inviting everybody who cannot log in: who they are, who has no address, and then one button."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access.models import Role
from apps.access.services import Uninvited
from apps.office.access.admin.accounts import MANAGE
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.staff import services as staff
from apps.students import services as students
from schoolops.errors import SchoolOpsError

# More would be a list to read, and there is one already.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Whom:
    """A page: what it is called, which role it suggests, and the services behind it."""

    title: Promise
    role: str
    found: Callable[..., Uninvited]
    begin: Callable[..., None]
    person: str


WHOM: Mapping[str, Whom] = {
    "staff": Whom(
        gettext_lazy("Invite staff without a login"),
        "teacher",
        staff.staff_without_login,
        staff.begin_inviting_staff,
        "office:staff_staffmember_change",
    ),
    "guardians": Whom(
        gettext_lazy("Invite guardians without a login"),
        "guardian",
        students.guardians_without_login,
        students.begin_inviting_guardians,
        "office:students_guardian_change",
    ),
}


class InvitationForm(DressedForm):
    """In which role; ``count`` is how many there were when somebody looked."""

    role = forms.ModelChoiceField(label=gettext_lazy("Role"), queryset=Role.objects.all(), to_field_name="code")
    count = forms.IntegerField(widget=forms.HiddenInput)


@office_page(permission=MANAGE, over="school")
def invite(request: HttpRequest, whom: str) -> HttpResponse:
    """Everybody of a kind who has no login, and an invitation for those who can be reached."""
    page = WHOM.get(whom)
    if page is None:
        raise Http404
    by, status = actor(request), 200
    form = InvitationForm(request.POST or None, initial={"role": page.role})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                page.begin(role=said["role"].code, people=said["count"], by=by)
            except SchoolOpsError as error:
                add_refusal(form, error, on={"access:not-yours-to-give": "role"})
            else:
                messages.success(request, _("The invitations are on their way. Whoever has one is no longer listed."))
                return HttpResponseRedirect(reverse("office:invite", args=[whom]))
    found = page.found(by=by)
    return render_page(
        request, "office/access/invite.html", _context(page, found, form), title=page.title, status=status
    )


def _context(page: Whom, found: Uninvited, form: InvitationForm) -> dict[str, Any]:
    count = found.ready.count()
    groups = (
        (gettext_lazy("They will be invited"), found.ready, count),
        (gettext_lazy("They have no e-mail address"), found.without_email, found.without_email.count()),
        (gettext_lazy("Another login has their e-mail address"), found.email_taken, found.email_taken.count()),
    )
    return {
        "form": form,
        "count": count,
        "groups": [_listed(page, *group) for group in groups if group[2]],
    }


def _listed(page: Whom, title: Any, rows: Any, number: int) -> tuple[Any, int, int, list[tuple[Any, str]]]:
    """A group: its title, how many they are, how many of them are not shown, and the others with their addresses."""
    people = [(row, reverse(page.person, args=[row.pk])) for row in rows[:SHOWN]]
    return title, number, max(number - SHOWN, 0), people
