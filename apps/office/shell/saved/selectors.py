"""The filters that a person saved."""

from __future__ import annotations

from uuid import UUID

from apps.accounts.models import User
from apps.office.errors import FilterNotFound
from apps.office.models import SavedFilter
from schoolops.tenancy.compiled import KEY, TEXT, Compiled, Parameter

# Asked with every list.
_SAVED: Compiled[SavedFilter] = Compiled(
    lambda: SavedFilter.objects.filter(user=Parameter("user", KEY), listed=Parameter("listed", TEXT))
)


def saved_filters(by: User, listed: str) -> list[SavedFilter]:
    """Those of ``by`` on one list, by name."""
    return _SAVED.all(user=by.pk, listed=listed)


def saved_filter(id: UUID, *, by: User) -> SavedFilter:  # noqa: A002 - the API's word
    """One of ``by``'s. Raises ``FilterNotFound``, for somebody else's too."""
    row: SavedFilter | None = SavedFilter.objects.filter(sourced_id=id, user=by).first()
    if row is None:
        raise FilterNotFound
    return row
