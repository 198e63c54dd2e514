"""Who, besides its owner, may hold a key to a login: whoever handed its link over, or wrote the address it went to.

Power over a login is asked for when it is used. So what was used before a role was given is looked at when it is given:
where somebody holds a key who may not do what the login now may, the login begins anew. The trail knows who did what.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q

from apps.access.caches import Held
from apps.access.models import RoleAssignment
from apps.access.services.gate import lacking
from apps.accounts import services as accounts
from apps.accounts.models import User
from schoolops.audit.models import AuditEntry
from schoolops.audit.trail import Actor

WRITTEN = ("accounts.user-created", "accounts.user-changed")
LET_IN = ("accounts.link-handed-out", "accounts.invited-by-mail")
REDEEMED, RESET = "accounts.invite-redeemed", "accounts.reset-redeemed"


def holders_of_keys(users: Collection[User]) -> dict[str, set[str]]:
    """Public id of a login → those of whoever may know its password or reads its letters, but for its owner. A query.

    Whoever lets somebody in answers for the address that stands there.
    """
    entries = (
        AuditEntry.objects.filter(
            object_type=User._meta.label_lower,
            object_id__in=[str(user.sourced_id) for user in users],
            action__in=(*WRITTEN, *LET_IN, REDEEMED, RESET, accounts.BEGUN_ANEW),
        )
        .order_by("id")
        .values_list("object_id", "action", "actor_id", "after")
    )
    told: dict[str, list[tuple[str, str, dict[str, object]]]] = defaultdict(list)
    for login, action, actor, after in entries:
        told[login].append((action, actor, after or {}))
    return {login: _holders(acts) - {login, ""} for login, acts in told.items()}


def _holders(acts: Iterable[tuple[str, str, dict[str, object]]]) -> set[str]:
    password = letters = handed = ""
    for action, actor, after in acts:
        if action in WRITTEN and after.get("email"):
            letters = actor
        elif action in LET_IN:
            handed = letters = actor
        elif action == REDEEMED:
            password = handed
        elif action == RESET:
            password = letters
        elif action == accounts.BEGUN_ANEW:
            password = letters = handed = ""
    return {password, letters}


def gains(given: Iterable[tuple[User, Held]]) -> list[tuple[User, Held]]:
    """What of this is more than these logins can do now; nothing where none opens. To be asked before it is given."""
    return [(user, held) for user, held in given if user.has_usable_password() and lacking(user, [held])]


def who_begins_anew(gained: Sequence[tuple[User, Held]], *, by: Actor) -> list[User]:
    """Those of these logins to which somebody holds a key who may not do what the login gains."""
    if not gained:
        return []
    keys = holders_of_keys([user for user, _ in gained])
    people = {
        str(each.sourced_id): each
        for each in User.objects.filter(sourced_id__in={key for held in keys.values() for key in held})
    }
    found: dict[int, User] = {}
    for user, held in gained:
        others = [people[key] for key in keys.get(str(user.sourced_id), ()) if key in people and key != by.audit_id]
        if any(not other.is_active or lacking(other, [held]) for other in others):
            found[user.pk] = user
    return list(found.values())


def begin_anew_where_others_hold_keys(gained: Sequence[tuple[User, Held]], *, by: Actor) -> None:
    """Begin anew ``who_begins_anew``."""
    for user in who_begins_anew(gained, by=by):
        accounts.begin_anew(user=user, by=by)


def holders_of_role(role_id: int, *, today: dt.date) -> list[RoleAssignment]:
    """Who holds a role now or later."""
    held = RoleAssignment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=today), role=role_id)
    return list(held.select_related("user", "institution").order_by("pk"))
