"""The filters that a person saved."""

from __future__ import annotations

from apps.accounts.models import User
from apps.office.models import SavedFilter


def saved_filters(by: User, listed: str) -> list[SavedFilter]:
    """Those of ``by`` on one list, by name."""
    return list(SavedFilter.objects.filter(user=by, listed=listed))
