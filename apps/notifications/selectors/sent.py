"""What a school sends, what became of it, and how it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

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
    """How many messages are in doubt, and how many addresses bounced."""

    unknown: int
    bounced: int


def standing(*, by: User) -> Standing:
    """What somebody should look at. Two queries, of two small indexes. Raises ``PermissionMissing``."""
    rows = messages_seen(by=by).select_related(None).order_by()
    bounced = rows.filter(bounced_at__isnull=False).values("address").distinct().count()
    return Standing(rows.filter(state=Message.State.OUTCOME_UNKNOWN).count(), bounced)


def waiting(*, by: User) -> dict[str, int]:
    """How many messages wait, by channel. One query. Raises ``PermissionMissing``."""
    rows = messages_seen(by=by).filter(state__in=WAITING).order_by()
    return dict(rows.values_list("channel").annotate(number=Count("pk")))
