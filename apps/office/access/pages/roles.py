"""The roles editor: what each role may do, in sentences, and what its holders find in the navigation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import selectors
from apps.access import services as access
from apps.access.models import Role
from apps.access.permissions import ADMINISTRATOR, PERMISSIONS
from apps.accounts.models import User
from apps.office.shell.fields import about, posted, version_shown, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.navigation import navigation
from apps.office.shell.pages import actor, office_page, render_page
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed

VIEW, MANAGE = "access.view", "access.manage"
# What a permission is about, by the first part of its code.
SUBJECTS = {
    "institutions": gettext_lazy("Campuses and the calendar"),
    "sections": gettext_lazy("Sections, courses and the timetable"),
    "students": gettext_lazy("Students"),
    "guardians": gettext_lazy("Guardians"),
    "staff": gettext_lazy("Staff"),
    "attendance": gettext_lazy("Attendance"),
    "leave": gettext_lazy("Leave"),
    "accounts": gettext_lazy("Logins"),
    "access": gettext_lazy("Roles"),
    "audit": gettext_lazy("The audit trail"),
    "imports": gettext_lazy("Rosters in and out"),
    "exports": gettext_lazy("Lists to take away"),
}
SCOPES = {
    "everything": gettext_lazy("over the whole school, or one campus where it is given for one"),
    "teacher": gettext_lazy("over the sections and classes they teach, and the students in them"),
    "guardian": gettext_lazy("over the children they are linked to with access"),
    "student": gettext_lazy("over themselves"),
}


def _scope_in_words(scope: str) -> Any:
    return SCOPES.get(scope, scope)


def _opens(permissions: Iterable[str]) -> list[Any]:
    """The titles in the navigation that these permissions show."""
    held = set(permissions)
    return [
        entry.title
        for _heading, entries in navigation()
        for entry in entries
        if entry.permissions and held.intersection(entry.permissions)
    ]


def _grouped(held: Iterable[str], by: User, *, may_edit: bool) -> list[dict[str, Any]]:
    """Permissions under what they are about. What ``by`` does not hold is shown, and not to be ticked."""
    ticked = set(held)
    groups: dict[str, list[dict[str, Any]]] = {}
    for permission in PERMISSIONS:
        yours = selectors.reaches_everything(by, permission.code)
        groups.setdefault(permission.code.partition(".")[0], []).append(
            {
                "code": permission.code,
                "sentence": _(permission.sentence),
                "held": permission.code in ticked,
                "fixed": not may_edit or (permission.code not in ticked and not yours),
            }
        )
    return [{"title": SUBJECTS.get(subject, subject), "permissions": rows} for subject, rows in groups.items()]


@office_page(permission=VIEW, over="everybody")
def roles(request: HttpRequest) -> HttpResponse:
    """Every role: over what it holds, how many hold it, how much it may do. Two queries for any number of roles."""
    rows = list(Role.objects.annotate(holders=Count("assignments")).order_by("-builtin", "name"))
    held = selectors.permissions_of_roles(row.sourced_id for row in rows)
    listed = [
        {"role": row, "scope": _scope_in_words(row.scope), "count": len(held[row.sourced_id]), "all": len(PERMISSIONS)}
        for row in rows
    ]
    context = {"roles": listed, "may_edit": MANAGE in selectors.permissions_of(actor(request))}
    return render_page(request, "office/access/roles.html", context, title=_("Roles"))


class NewRoleForm(DressedForm):
    """A role of the school's own, beginning as a copy of another."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    like = forms.ModelChoiceField(
        label=gettext_lazy("May do at first what may be done by"), queryset=Role.objects.exclude(code=ADMINISTRATOR)
    )


@office_page(permission=MANAGE, over="school")
def new_role(request: HttpRequest) -> HttpResponse:
    """Add a role; what it may do is then edited."""
    form = NewRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        like = form.cleaned_data["like"]
        codes = selectors.permissions_of_roles([like.sourced_id])[like.sourced_id]
        try:
            role = access.create_role(
                name=form.cleaned_data["name"], permissions=codes, scope=like.scope, by=actor(request)
            )
        except SchoolOpsError as error:
            add_refusal(form, error, on={"access:role-code-taken": "name", "access:not-yours-to-give": "like"})
        else:
            messages.success(request, _("The role %(name)s is there.") % {"name": role.name})
            return HttpResponseRedirect(reverse("office:role", args=(role.sourced_id,)))
    context = {"form": form, "back": reverse("office:roles"), "submit": _("Add")}
    status = 422 if form.is_bound else 200
    return render_page(request, "office/access/new_role.html", context, title=_("A new role"), status=status)


class RoleForm(DressedForm):
    """What a role is called; what it may do is ticked beside it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)


def _ticked(request: HttpRequest) -> set[str]:
    return set(request.POST.getlist("permission")) & {permission.code for permission in PERMISSIONS}


def _not_yet_told(request: HttpRequest, row: Role) -> list[User]:
    """Whose passwords end with what was ticked; nobody once all of them stood on the page that it was sent from."""
    if row.code == ADMINISTRATOR:
        return []
    found = access.whose_password_would_end(role=row, permissions=_ticked(request), by=actor(request))
    told = set(request.POST.getlist("told"))
    return [] if told.issuperset(str(each.sourced_id) for each in found) else found


@transaction.atomic
def _saved(request: HttpRequest, row: Role, held: list[str], *, name: str) -> None:
    """Give ``row`` what was ticked. Permissions that could not be ticked or unticked stay as they are."""
    by, posted = actor(request), _ticked(request)
    expected = whole_number(request.POST.get("version", ""))
    name = composed(request.POST.get("name", "").strip())
    if name and name != row.name:
        row = access.rename_role(role=row, name=name, expected_version=expected, by=by)
        expected = row.version
    if row.code != ADMINISTRATOR and posted != set(held):
        access.set_permissions(role=row, permissions=posted, expected_version=expected, by=by)


@office_page(permission=VIEW, over="everybody")
def role(request: HttpRequest, id: Any) -> HttpResponse:  # noqa: A002 - the address's word
    """One role: every permission in a sentence, what it opens, who holds it."""
    row = Role.objects.filter(sourced_id=id).first()
    if row is None:
        raise Http404
    held = selectors.permissions_of_roles([row.sourced_id])[row.sourced_id]
    may_edit = MANAGE in selectors.permissions_of(actor(request))
    form = RoleForm(posted(request))
    status = 200
    shown, version, anew = held, version_shown(request, row.version), list[User]()
    if request.method == "POST":
        access.require(actor(request), MANAGE)
        anew = _not_yet_told(request, row)
    if anew or (form.is_bound and not form.is_valid()):
        status, shown = 422, request.POST.getlist("permission")
    elif request.method == "POST":
        try:
            _saved(request, row, held, name=form.cleaned_data.get("name", ""))
        except SchoolOpsError as error:
            add_refusal(form, error)
            # What was ticked is not lost; saving once more is a knowing act, of who was told that it changed.
            status, shown = 422, request.POST.getlist("permission")
            stands = Role.objects.values_list("version", flat=True).get(pk=row.pk)
            version = version_shown(request, stands, error)
        else:
            words = _("The role %(name)s is saved. It holds from everybody's next click on.")
            messages.success(request, about(form.cleaned_data.get("name") or row.name, words))
            return HttpResponseRedirect(reverse("office:role", args=(row.sourced_id,)))
    people = User.objects.filter(role_assignments__role=row).distinct().order_by("name_key", "username")[:50]
    fixed = row.code == ADMINISTRATOR
    context = {
        "role": row,
        "version": version,
        "scope": _scope_in_words(row.scope),
        "groups": _grouped(shown, actor(request), may_edit=may_edit and not fixed),
        "opens": _opens(held),
        "people": people,
        "form": form,
        "anew": anew,
        "name": request.POST.get("name", row.name),
        "may_edit": may_edit,
        "fixed": fixed,
        "back": reverse("office:roles"),
    }
    return render_page(request, "office/access/role.html", context, title=row.name, status=status)
