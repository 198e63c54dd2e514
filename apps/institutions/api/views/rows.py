"""What the lists of an institution share: the columns every row has, and rows whose services do the writing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from apps.institutions import selectors
from apps.institutions.scopes import gate
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual, answer, created, valid

ROSTERED: Columns = {"id": "sourced_id", "status": "status", "date_last_modified": "date_last_modified"}
OF_INSTITUTION = Parameter(parameters.public_id, "institution__sourced_id", "Of this institution.")
OF_YEAR = Parameter(parameters.public_id, "year__sourced_id", "Of this academic year.")
OF_LEVEL = Parameter(parameters.public_id, "grade_level__sourced_id", "Of this grade level.")


class KeptRows(RowViewSet):
    """Rows of one model for whoever holds what the action asks for; their services do the writing."""

    model: ClassVar[Any]
    into: ClassVar[type[BaseSerializer[Any]]]
    out: ClassVar[type[BaseSerializer[Any]]]

    def rows(self) -> QuerySet[Any]:
        gate().require(self.request.user, gate().held(self.request.user, *self.sees))
        found: QuerySet[Any] = self.model.objects.all()
        return found

    def usual(self) -> Usual | None:
        gate().require(self.request.user, self.permission)
        return Usual((), self.model.objects.all, {})

    def one(self, id: UUID, *joined: str) -> Any:
        """The row by that id among those this user sees. Raises ``NotFound``."""
        found = self.rows().select_related(*joined).filter(sourced_id=id).first()
        if found is None:
            raise self.not_visible
        return found

    def given(self, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """The body, validated."""
        checked: dict[str, Any] = valid(self.into, request.data, partial=partial)
        return checked

    def made(self, request: Request, row: Any) -> HttpResponse:
        """201 with the row as it is read."""
        return created(request, self.row(Q(pk=row.pk)))

    def as_read(self, row: Any) -> HttpResponse:
        """200 with the row as it is read."""
        return answer(self.row(Q(pk=row.pk)))


class ReachedRows(KeptRows):
    """Sections and classes: those in the user's reach on ``as_of`` (today unless said)."""

    kind: ClassVar[str]

    def day(self) -> dt.date:
        """The day asked for."""
        asked: Mapping[str, Any] = getattr(self, "asked", {})
        day: dt.date = asked.get("as_of") or selectors.school_today()
        return day

    def rows(self) -> QuerySet[Any]:
        user, day = self.request.user, self.day()
        reach = gate().by_any(user, self.sees, lambda each: gate().within_reach(user, each, self.kind, day=day))
        found: QuerySet[Any] = self.model.objects.filter(reach)
        return found

    def usual(self) -> Usual | None:
        user = self.request.user
        gate().require(user, self.permission)
        reach, model = gate().asked_reach(user, self.permission, self.kind, day=self.day()), self.model
        return reach and Usual(reach.shape, lambda: model.objects.filter(reach.rows()), reach.values)


AS_OF = Parameter(parameters.day, None, "In reach on this day; today unless said.")
