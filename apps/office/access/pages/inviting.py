"""Inviting who cannot log in: they are ticked, each in a role, looked at, and then a worker writes to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import services as access
from apps.access.models import Role
from apps.access.services import Uninvited
from apps.accounts.models import User
from apps.office.access.admin.accounts import MANAGE
from apps.office.shell.fields import about, few, whole_number
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full
from apps.staff.services import STAFF
from apps.students.services import GUARDIANS
from schoolops.context import current_school
from schoolops.errors import SchoolOpsError
from schoolops.folding import holding
from schoolops.queues.desk import requests

# More would be a list to read, and there is one already.
SHOWN = 50
# Who can be ticked on one page.
TICKED = 100


@dataclass(frozen=True, slots=True)
class Whom:
    """A page: what it is called, the role it suggests, those that it does not offer, and whom it is for."""

    title: Promise
    role: str
    without: frozenset[str]
    audience: access.Audience
    tasks: frozenset[str]
    person: str


WHOM: Mapping[str, Whom] = {
    "staff": Whom(
        gettext_lazy("Invite staff without a login"),
        "teacher",
        frozenset({"guardian", "student"}),
        STAFF,
        frozenset({"apps.staff.invite_staff", "apps.staff.invite_chosen_staff"}),
        "office:staff_staffmember_change",
    ),
    "guardians": Whom(
        gettext_lazy("Invite guardians without a login"),
        "guardian",
        frozenset({"student"}),
        GUARDIANS,
        frozenset({"apps.students.invite_guardians", "apps.students.invite_chosen_guardians"}),
        "office:students_guardian_change",
    ),
}


@office_page(permission=MANAGE, over="school")
def invite(request: HttpRequest, whom: str) -> HttpResponse:
    """Everybody of a kind who has no login; those who are ticked are looked at, and invited in their roles."""
    page = WHOM.get(whom)
    if page is None:
        raise Http404
    by, status, refused = actor(request), 200, ""
    chosen: dict[int, str] = _chosen(request, page)
    looked: list[access.Invitation] | None = None
    step = request.POST.get("step", "all" if "count" in request.POST else "look")
    if request.method == "POST":
        status = 422
        try:
            if step == "look":
                if chosen:
                    looked, status = access.look_at_invitations(page.audience, roles=chosen, by=by), 200
                refused = "" if chosen else _("Tick whom to invite first.")
            else:
                ready = access.uninvited(page.audience, by=by).ready
                rows = ready if step == "all" else ready.filter(pk__in=chosen)
                names = few(list(rows[:3]), rows.count())
                _begin(page, request, chosen, step=step, by=by)
                words = _("Invitations are on their way to %(name)s. Whoever has one is no longer listed.")
                messages.success(request, about(names, words))
                return HttpResponseRedirect(reverse("office:invite", args=[whom]))
        except SchoolOpsError as error:
            refused = in_full(error)
    context = _context(page, access.uninvited(page.audience, by=by), by, asked=request.GET.get("q", "")[:100])
    context |= {"refused": refused, "looked": looked, "chosen": chosen}
    if looked is not None:
        context["able"] = [each for each in looked if each.refusal is None]
        context["left_out"] = [(each.row, in_full(each.refusal)) for each in looked if each.refusal is not None]
    return render_page(request, "office/access/invite.html", context, title=page.title, status=status)


def _chosen(request: HttpRequest, page: Whom) -> dict[int, str]:
    """Person (by key) → the role that was chosen for them, or for all."""
    for_all = request.POST.get("role", page.role)
    found = {}
    for sent in request.POST.getlist("person")[:TICKED]:
        if (pk := whole_number(sent)) is not None:
            found[pk] = (request.POST.get(f"role-{sent}") or for_all)[:50]
    return found


def _begin(page: Whom, request: HttpRequest, chosen: Mapping[int, str], *, step: str, by: User) -> None:
    if step == "all":
        count = whole_number(request.POST.get("count", ""))
        role, people = request.POST.get("role", "")[:50], -1 if count is None else count
        access.begin_inviting(page.audience, role=role, people=people, by=by)
    else:
        access.begin_inviting_chosen(page.audience, roles=chosen, by=by)


def _context(page: Whom, found: Uninvited, by: User, *, asked: str) -> dict[str, Any]:
    roles = access.roles_within(by, Role.objects.exclude(code__in=page.without).order_by("name"))
    sending = any(job.task in page.tasks for job in requests.unfinished(user=None))
    ready = found.ready.filter(holding(asked, "searched")) if asked else found.ready
    count, shown = ready.count(), list(ready[:TICKED])
    groups = (
        (gettext_lazy("They have no e-mail address"), found.without_email, found.without_email.count()),
        (gettext_lazy("Another login has their e-mail address"), found.email_taken, found.email_taken.count()),
    )
    return {
        "count": count,
        "sending": sending,
        "school_name": getattr(current_school(), "name", ""),
        "asked": asked,
        "people": [(row, reverse(page.person, args=[row.pk])) for row in shown],
        "more": max(count - TICKED, 0),
        "roles": [(role.code, role.name) for role in roles],
        "suggested": page.role,
        "groups": [_listed(page, *group) for group in groups if group[2]],
    }


def _listed(page: Whom, title: Any, rows: Any, number: int) -> tuple[Any, int, int, list[tuple[Any, str]]]:
    """A group: its title, how many they are, how many of them are not shown, and the others with their addresses."""
    people = [(row, reverse(page.person, args=[row.pk])) for row in rows[:SHOWN]]
    return title, number, max(number - SHOWN, 0), people
