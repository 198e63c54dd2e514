"""Lists of what campuses have, whose first page is compiled once for whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet

from apps.access import selectors, services
from apps.accounts.api.authentication import actor
from schoolops.api.viewsets import RowViewSet, Usual


class CampusRows(RowViewSet):
    """The rows of the campuses at which whoever asks holds the permission of the action, and no others.

    ``seen`` reads them, ``by`` somebody or by ``AskedCampuses`` in their place: it asks nothing else of who asks.
    """

    seen: ClassVar[Callable[..., QuerySet[Any]]]

    def rows(self) -> QuerySet[Any]:
        return type(self).seen(by=actor(self.request), permission=self.permission)

    def usual(self) -> Usual | None:
        by, permission, seen = actor(self.request), self.permission, type(self).seen
        services.require(by, permission)
        asked = selectors.asked_campuses(by, permission)
        return Usual(asked.limited, lambda: seen(by=asked, permission=permission), asked.values)
