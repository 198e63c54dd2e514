"""The books as they are read: every balance is a sum of entries."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, DecimalField, F, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from apps.access.services import Asking, at_campuses
from apps.fees.models import Account, Books, LedgerEntry
from schoolops import money


def signed() -> Case:
    """The SQL of an entry's amount, above zero where it was debited."""
    return Case(When(side=LedgerEntry.Side.DEBIT, then=F("amount")), default=-F("amount"), output_field=money.column())


def books_seen(*, by: Asking, permission: str = "fees.view") -> QuerySet[Any]:
    """The books of each campus in reach."""
    return Books.objects.filter(at_campuses(by, permission, "institution"))


def accounts_seen(*, by: Asking, permission: str = "fees.view") -> QuerySet[Any]:
    """The accounts in reach, each with ``debit`` and ``credit``, the sums of its entries: one statement for all."""
    accounts: QuerySet[Any] = Account.objects.filter(at_campuses(by, permission, "institution"))
    for side in LedgerEntry.Side:
        entries = LedgerEntry.objects.filter(account=OuterRef("pk"), side=side).order_by().values("account")
        total = Subquery(entries.annotate(total=Sum("amount")).values("total"), output_field=DecimalField())
        accounts = accounts.annotate(**{f"{side}_sum": Coalesce(total, Value(0), output_field=DecimalField())})
    return accounts


def entries_seen(*, by: Asking, permission: str = "fees.view") -> QuerySet[Any]:
    """What was posted in the books in reach."""
    return LedgerEntry.objects.filter(at_campuses(by, permission, "institution"))
