"""What a school sends, what became of it, and how it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.access import selectors as access_selectors
from apps.access import services as access
from apps.accounts.models import User
from apps.notifications.models import WAITING, Message

VIEW = "messages.view"


def messages_seen(*, by: User, permission: str = VIEW) -> QuerySet[Any, Message]:
    """Messages of the campuses at which ``by`` holds ``permission``. Raises ``PermissionMissing``."""
    access.require(by, permission)
    at = access_selectors.institutions_of(by, permission)
    rows = Message.objects.select_related("guardian", "user", "student")
    return rows if at is None else rows.filter(institution__in=at)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many messages wait by channel, how many are in doubt, and how many addresses bounced."""

    waiting: dict[str, int]
    unknown: int
    bounced: int


def standing(*, by: User) -> Standing:
    """How it stands with what is sent. Two queries. Raises ``PermissionMissing``."""
    rows = messages_seen(by=by)
    waiting = rows.filter(state__in=WAITING).order_by().values_list("channel").annotate(number=Count("pk"))
    doubts = rows.aggregate(
        unknown=Count("pk", filter=Q(state=Message.State.OUTCOME_UNKNOWN)),
        bounced=Count("address", filter=Q(bounced_at__isnull=False), distinct=True),
    )
    return Standing(dict(waiting), **doubts)
