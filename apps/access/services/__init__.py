"""The question every service asks, and who changes the answer."""

from __future__ import annotations

from apps.access.services.founding import first_administrator
from apps.access.services.gate import (
    access_under,
    is_family,
    is_staff,
    refusals,
    refuse,
    require,
    require_at,
    require_everywhere,
    require_login,
    require_over,
    require_row,
    today,
    within_reach,
)
from apps.access.services.inviting import (
    Audience,
    Invitation,
    Uninvited,
    begin_inviting,
    begin_inviting_chosen,
    invite_many,
    look_at_invitations,
    uninvited,
)
from apps.access.services.people import Wanted, let_in
from apps.access.services.roles import (
    assign_role,
    create_role,
    remove_role,
    rename_role,
    roles_within,
    seed_roles,
    set_permissions,
    whose_password_would_end,
    withdraw_role,
)
from apps.access.services.support import LetIn, end_own_support, grant_support, revoke_support

__all__ = [
    "Audience",
    "Invitation",
    "LetIn",
    "Uninvited",
    "Wanted",
    "access_under",
    "assign_role",
    "begin_inviting",
    "begin_inviting_chosen",
    "create_role",
    "end_own_support",
    "first_administrator",
    "grant_support",
    "invite_many",
    "is_family",
    "is_staff",
    "let_in",
    "look_at_invitations",
    "refusals",
    "refuse",
    "remove_role",
    "rename_role",
    "require",
    "require_at",
    "require_everywhere",
    "require_login",
    "require_over",
    "require_row",
    "revoke_support",
    "roles_within",
    "seed_roles",
    "set_permissions",
    "today",
    "uninvited",
    "whose_password_would_end",
    "withdraw_role",
    "within_reach",
]
