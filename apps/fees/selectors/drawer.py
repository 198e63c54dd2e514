"""The drawer of a campus: what should lie in it, by the books, and when it was counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from apps.access import services as access
from apps.accounts.models import User
from apps.fees.models import Account, LedgerEntry
from apps.fees.selectors.ledger import signed
from apps.institutions.models import Institution
from schoolops.audit.trail import trail_of

COUNTED = "fees.drawer-counted"
COLLECT = "fees.collect"
LATEST = 10
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Drawer:
    """What lay in it as the day began, what came and went since, and so what should lie there now."""

    opening: Decimal
    moved: Decimal

    @property
    def expected(self) -> Decimal:
        return self.opening + self.moved


def drawer_of(institution: Institution, day: dt.date) -> Drawer:
    """Cash by the books: before ``day``, and from it on. One statement."""
    entries = LedgerEntry.objects.filter(institution=institution, account__purpose=Account.Purpose.CASH)
    before = Q(transaction__day__lt=day)
    sums = entries.aggregate(before=Sum(signed(), filter=before), since=Sum(signed(), filter=~before))
    return Drawer(sums["before"] or NOTHING, sums["since"] or NOTHING)


def counted_on(institution: Institution, day: dt.date) -> bool:
    """Whether a cashier's day was closed. One statement."""
    return trail_of(institution).filter(action=COUNTED, after__day=day.isoformat()).exists()


def counts_of(
    institution: Institution,
    first: dt.date | None = None,
    last: dt.date | None = None,
    *,
    most: int | None = LATEST,
    by: User,
) -> list[dict[str, Any]]:
    """How the drawer was counted, the latest first, as the trail has it: one statement more.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, COLLECT, institution)
    rows = trail_of(institution).filter(action=COUNTED)
    if first is not None:
        rows = rows.filter(after__day__gte=first.isoformat())
    if last is not None:
        rows = rows.filter(after__day__lte=last.isoformat())
    return [{**(row.after or {}), "by": row.actor_name, "reason": row.reason} for row in rows[:most]]
