"""Who may come in and what they may, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.access.pages import inviting, letting_in, roles
from apps.office.access.waiting import waiting
from apps.office.shell.rooms import ACCESS, Entry, Job, Room

ROOM = Room(
    entries={
        ACCESS: (
            Entry(
                _("Logins"), "office:accounts_user_changelist", "key", ("accounts.view",), below=("/office/logins/",)
            ),
            Entry(_("Roles"), "office:roles", "admin_panel_settings", ("access.view",)),
            Entry(_("Audit trail"), "office:audit_auditentry_changelist", "history", ("audit.view",), everywhere=True),
        )
    },
    pages=(
        path("logins/new/", letting_in.let_in, name="let-in"),
        path("logins/invite/<str:whom>/", inviting.invite, name="invite"),
        path("roles/", roles.roles, name="roles"),
        path("roles/new/", roles.new_role, name="new-role"),
        path("roles/<uuid:id>/", roles.role, name="role"),
    ),
    waiting=waiting,
    jobs={
        "apps.staff.invite_staff": Job(_("Inviting staff"), "accounts.manage"),
        "apps.staff.invite_chosen_staff": Job(_("Inviting staff"), "accounts.manage"),
        "apps.students.invite_chosen_guardians": Job(_("Inviting guardians"), "accounts.manage"),
        "apps.students.invite_guardians": Job(_("Inviting guardians"), "accounts.manage"),
    },
)
