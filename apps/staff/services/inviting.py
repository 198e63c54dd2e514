"""Who works here and cannot log in: whom ``access.services.begin_inviting`` invites."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.selectors import school_today
from apps.staff.events import StaffInvited
from apps.staff.models import StaffMember, works_on
from apps.staff.services.members import change_staff_member


def _rows() -> QuerySet[Any]:
    # Whoever begins next month may choose a password before.
    today = school_today()
    return StaffMember.objects.filter(works_on(today) | Q(starts_on__gt=today))


def _link(row: StaffMember, user: User, by: User) -> None:
    change_staff_member(member=row, fields={"user": user}, expected_version=None, by=by)


STAFF = access.Audience("staff.manage", "staff_member", _rows, _link, StaffInvited)
