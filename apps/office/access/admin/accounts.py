"""Logins: invited, ended, let back in; and the roles they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import selectors
from apps.access import services as access
from apps.access.models import Role, RoleAssignment
from apps.accounts import services
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.office.shell.acts import Act, Once, does
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.fields import day_field
from apps.office.shell.forms import ActForm, ReasonForm, ServiceForm
from apps.office.shell.many import ManyChange, each_alone
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.site import actor, office

VIEW, MANAGE, GIVE = "accounts.view", "accounts.manage", "access.manage"


class RoleInline(ReadOnlyInline):
    """The roles somebody holds, held and will hold."""

    model = RoleAssignment
    sees = VIEW
    over = "login"
    joined = ("role", "institution")
    fields = ("role", "institution", "starts_on", "ends_on")
    verbose_name_plural = gettext_lazy("roles")


class UserForm(ServiceForm):
    """How a login is called and reached."""


class InviteForm(ActForm):
    """By paper or by e-mail."""

    by_mail = forms.BooleanField(
        label=gettext_lazy("Send it by e-mail"),
        required=False,
        help_text=gettext_lazy("Otherwise the link is shown here, once, to be handed over."),
    )

    def prepared(self, row: User, by: User) -> None:
        self.initial["by_mail"] = bool(row.email)


class GiveRoleForm(ActForm):
    """Which role, where, from when to when."""

    role = forms.ModelChoiceField(label=gettext_lazy("Role"), queryset=Role.objects.all())
    institution = forms.ModelChoiceField(
        label=gettext_lazy("At"),
        queryset=Institution.objects.all(),
        required=False,
        empty_label=gettext_lazy("the whole school"),
    )
    starts_on = day_field(label=gettext_lazy("From"), required=False)
    ends_on = day_field(label=gettext_lazy("Until before"), required=False, help_text=gettext_lazy("Empty: for good."))
    refusals: ClassVar[Any] = {"access:assignment-backwards": "ends_on", "access:not-yours-to-give": "role"}


class TakeRoleForm(ActForm):
    """Which of the roles they hold."""

    assignment = forms.ModelChoiceField(label=gettext_lazy("Role"), queryset=RoleAssignment.objects.none())

    def prepared(self, row: User, by: User) -> None:
        field: Any = self.fields["assignment"]
        field.queryset = RoleAssignment.objects.filter(user=row).select_related("role", "institution", "user")
        field.label_from_instance = lambda each: (
            f"{each.role} – {each.institution}" if each.institution else str(each.role)
        )


def link_once(handed: services.Handed) -> Once:
    """The link that opens a login, to be shown this once."""
    return Once(
        gettext_lazy("The link, shown this once"),
        {
            gettext_lazy("Link"): handed.link,
            gettext_lazy("Good until"): f"{handed.expires_at:%Y-%m-%d %H:%M} UTC",
        },
    )


def _invite(row: User, said: dict[str, Any], by: User) -> Any:
    handed = services.invite(user=row, by_mail=said["by_mail"], by=by)
    return (
        _("The invitation is on its way to %(email)s.") % {"email": row.email} if handed is None else link_once(handed)
    )


def _give_role(row: User, said: dict[str, Any], by: User) -> str:
    role = said.pop("role")
    access.assign_role(user=row, role=role.code, by=by, **said)
    return _("%(name)s holds the role %(role)s.") % {"name": row, "role": role}


def _take_role(row: User, said: dict[str, Any], by: User) -> str:
    assignment = said["assignment"]
    access.withdraw_role(assignment=assignment, by=by)
    return _("%(name)s no longer holds the role %(role)s.") % {"name": row, "role": assignment.role}


def _change(row: User, said: dict[str, Any], version: int | None, by: User) -> None:  # noqa: ARG001
    services.change_user(user=row, details=said, by=by)


# What can be done with many logins: code → its words, and the service.
_DONE: Mapping[str, tuple[Any, Callable[..., Any]]] = {
    "log-out": (gettext_lazy("Log out everywhere"), services.end_logins_of),
    "new-password": (gettext_lazy("Ask for a new password"), services.require_new_password),
    "deactivate": (gettext_lazy("Somebody has left"), services.deactivate_user),
    "activate": (gettext_lazy("Let back in"), services.activate_user),
}


@each_alone
def _change_logins(row: User, said: Mapping[str, Any], reason: str, by: User) -> None:
    if "act" in said:
        _DONE[said["act"]][1](user=row, reason=reason, by=by)
    else:
        services.change_user(user=row, details=dict(said), reason=reason, by=by)


def _what_is_done(by: User) -> forms.Field:  # noqa: ARG001 - as each of these is asked for
    choices = [("", gettext_lazy("nothing")), *((code, words) for code, (words, _service) in _DONE.items())]
    return forms.ChoiceField(label=gettext_lazy("What is done with them"), choices=choices, required=False)


def _as_they_stand(rows: Sequence[User]) -> Mapping[int, Any]:
    return {row.pk: f"{row.is_active:d}" for row in rows}


@admin.register(User, site=office)
class UserAdmin(ServiceAdmin):
    """Who has a login. Somebody new is let in on a page of its own, with roles and the link that opens it."""

    one, many = gettext_lazy("login"), gettext_lazy("logins")
    none = gettext_lazy(
        "Nobody logs in here yet. Invite the staff whose e-mail addresses are known, or let somebody in by hand."
    )
    sees, manages = VIEW, MANAGE
    over = "login"
    form = UserForm
    change = _change
    fields = ("username", "email", "given_name", "family_name", "language", "is_active")
    readonly_fields = ("username", "is_active")
    list_display = ("username", "full_name", "email", "is_active")
    many_change = ManyChange(
        _change_logins, ("language",), {"act": _what_is_done}, _as_they_stand, asks_why=("deactivate",)
    )
    list_filter = ("is_active",)
    search_fields = ("searched",)
    ordering = ("username",)
    inlines = (RoleInline,)
    change_list_template = "office/access/user_list.html"
    acts = (
        Act("invite", gettext_lazy("Invite"), MANAGE, _invite, InviteForm, applies=lambda row: row.is_active),
        Act("give-role", gettext_lazy("Give a role"), GIVE, _give_role, GiveRoleForm),
        Act("take-role", gettext_lazy("Take a role away"), GIVE, _take_role, TakeRoleForm),
        Act(
            "log-out",
            gettext_lazy("Log out everywhere"),
            MANAGE,
            does(services.end_logins_of, "user", gettext_lazy("%(name)s is logged out everywhere.")),
            explanation=gettext_lazy("Every session and every app of this login ends."),
        ),
        Act(
            "new-password",
            gettext_lazy("Ask for a new password"),
            MANAGE,
            does(services.require_new_password, "user", gettext_lazy("%(name)s has to choose a new password.")),
            applies=lambda row: row.has_usable_password(),
            explanation=gettext_lazy(
                "For when somebody else may know it. Every login ends; an app asks for a new password, and for the "
                "office an invitation brings the link to choose it."
            ),
        ),
        Act(
            "second-factor",
            gettext_lazy("Reset the second factor"),
            MANAGE,
            does(services.reset_second_factor, "user", gettext_lazy("%(name)s sets up a second factor anew.")),
            explanation=gettext_lazy("For somebody who lost their phone and the recovery codes."),
        ),
        Act(
            "deactivate",
            gettext_lazy("Somebody has left"),
            MANAGE,
            does(services.deactivate_user, "user", gettext_lazy("%(name)s can no longer log in."), "reason"),
            ReasonForm,
            applies=lambda row: row.is_active,
            explanation=gettext_lazy("No login works any more. What they did stays theirs."),
        ),
        Act(
            "activate",
            gettext_lazy("Let back in"),
            MANAGE,
            does(services.activate_user, "user", gettext_lazy("%(name)s can log in again.")),
            applies=lambda row: not row.is_active,
        ),
    )

    def within(self, request: HttpRequest, rows: QuerySet[Any], code: str) -> QuerySet[Any]:
        if not self._holds(request, code):
            return rows.none()
        return rows.filter(selectors.logins_in_reach(actor(request), code))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        may = {"may_let_in": self._holds(request, MANAGE)}
        return super().changelist_view(request, {**(extra_context or {}), **may})

    @admin.display(description=gettext_lazy("name"), ordering="name_key")
    def full_name(self, row: User) -> str:
        return row.full_name
