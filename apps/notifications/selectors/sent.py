"""What a school sends, what became of it, and how it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Value

from apps.access import selectors as access_selectors
from apps.access import services as access
from apps.accounts.models import User
from apps.notifications.models import WAITING, Message, Rule
from schoolops.tenancy.compiled import Compiled, any_of, by_shape

VIEW = "messages.view"


def messages_seen(*, by: access.Asking, permission: str = VIEW) -> QuerySet[Any, Message]:
    """Messages of the campuses at which ``by`` holds ``permission``. Raises ``PermissionMissing``."""
    here = access.at_campuses(by, permission, "institution")
    return Message.objects.filter(here).select_related("guardian", "user", "student")


@dataclass(frozen=True, slots=True)
class Standing:
    """How many messages are in doubt, and how many addresses bounced."""

    unknown: int
    bounced: int


def standing(*, by: User, permission: str = VIEW) -> Standing:
    """What somebody should look at. Two queries, of two small indexes. Raises ``PermissionMissing``."""
    access.require(by, permission)
    at = access_selectors.institutions_of(by, permission)
    here = {} if at is None else {"at": list(at)}
    unknown: Compiled[int] = by_shape(("notifications.unknown", at is None), lambda: _unknown(everywhere=at is None))
    bounced: Compiled[int] = by_shape(("notifications.bounced", at is None), lambda: _bounced(everywhere=at is None))
    return Standing(unknown.first(**here) or 0, bounced.first(**here) or 0)


def _unknown(*, everywhere: bool) -> QuerySet[Message, int]:
    return _number("pk", _at(everywhere=everywhere).filter(state=Message.State.OUTCOME_UNKNOWN))


def _bounced(*, everywhere: bool) -> QuerySet[Message, int]:
    return _number("address", _at(everywhere=everywhere).filter(bounced_at__isnull=False))


def _at(*, everywhere: bool) -> QuerySet[Message]:
    return Message.objects.all() if everywhere else Message.objects.filter(any_of("institution", "at"))


def _number(of: str, rows: QuerySet[Message]) -> QuerySet[Message, int]:
    counted = rows.order_by().values(all=Value(1)).annotate(number=Count(of, distinct=True))
    return counted.values_list("number", flat=True)


def bounced(*, by: access.Asking, permission: str = VIEW) -> QuerySet[Any, Message]:
    """What came back from an address that nothing is sent to since. Raises ``PermissionMissing``."""
    return messages_seen(by=by, permission=permission).filter(bounced_at__isnull=False)


def rules_said(*, by: User) -> QuerySet[Any, Rule]:
    """Which facts the school sends on which channel, where it says so itself.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_everywhere(by, "messages.configure")
    return Rule.objects.all()


def waiting(*, by: User, permission: str = VIEW) -> dict[str, int]:
    """How many messages wait, by channel. One query. Raises ``PermissionMissing``."""
    rows = messages_seen(by=by, permission=permission).filter(state__in=WAITING).order_by()
    return dict(rows.values_list("channel").annotate(number=Count("pk")))
