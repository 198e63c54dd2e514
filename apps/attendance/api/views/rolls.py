"""Rolls: taking, locking, re-opening, and everything that was ever said in one."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.attendance import selectors, services
from apps.attendance.api import serializers as s
from apps.attendance.api.views.shared import day_of
from apps.attendance.selectors import SessionKey
from apps.students.api.about import change_columns
from schoolops.api import versions
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, valid, with_version


class RollViewSet(ApiViewSet):
    """One roll: a section's of the day or a period, or a class's of a period."""

    asks = {
        "retrieve": "attendance.view over section",
        "replace": "attendance.mark over section",
        "reopen": "attendance.lock over section",
    }

    def _key(
        self, day: str, section: UUID | None = None, course_class: UUID | None = None, period: UUID | None = None
    ) -> SessionKey:
        return SessionKey(day=day_of(day), section=section, course_class=course_class, period=period)

    @extend_schema(summary="A roll, before and after it was taken", responses=s.RollOut)
    def retrieve(self, request: Request, **where: Any) -> HttpResponse:
        """The students on the roll as of its day, with what was marked or, before that, what is suggested."""
        self.asked_for(request)
        return with_version(selectors.roll(self._key(**where), by=actor(request)))

    @extend_schema(summary="Mark a whole roll", request=s.RollIn, responses=s.RollOut)
    def replace(self, request: Request, **where: Any) -> HttpResponse:
        """Record who was present; marking again replaces. Every student on the roll exactly once."""
        key, by = self._key(**where), actor(request)
        given = valid(s.RollIn, request.data)
        roll = services.mark_and_read(
            session=key,
            marks=[services.Mark(**mark) for mark in given["records"]],
            expected_version=versions.expected(request, required=False),
            by=by,
        )
        return with_version(roll)

    @extend_schema(summary="Re-open a day's roll", request=s.ReopenIn, responses=s.RollHeadOut)
    def reopen(self, request: Request, **where: Any) -> HttpResponse:
        """Let a locked roll be changed for a while, also one that nobody took in time."""
        key, by = self._key(**where), actor(request)
        given = valid(s.ReopenIn, request.data)
        sheet = services.reopen_day(session=key, reason=given["reason"], lasting=given["lasting"], by=by)
        return with_version(selectors.head_of(sheet))


class TakenRollViewSet(ApiViewSet):
    """A roll by its id: locking and re-opening."""

    asks = {
        "lock": "attendance.lock over section",
        "reopen": "attendance.lock over section",
    }

    @extend_schema(summary="Lock a roll", request=s.LockIn, responses=s.RollHeadOut)
    def lock(self, request: Request, id: UUID) -> HttpResponse:
        """Let nobody change the roll until it is re-opened."""
        given = valid(s.LockIn, request.data)
        sheet = services.lock_roll(roll=id, reason=given["reason"], by=actor(request))
        return with_version(selectors.head_of(sheet))

    @extend_schema(summary="Re-open a roll", request=s.ReopenIn, responses=s.RollHeadOut)
    def reopen(self, request: Request, id: UUID) -> HttpResponse:
        """Let a locked roll be changed for a while, with a reason; it locks itself again."""
        given = valid(s.ReopenIn, request.data)
        sheet = services.reopen_roll(roll=id, reason=given["reason"], lasting=given["lasting"], by=actor(request))
        return with_version(selectors.head_of(sheet))


class RollHistoryViewSet(RowViewSet):
    """Everything that was ever said in one roll, newest first."""

    asks = {
        "list": "attendance.view over section",
    }
    out = s.ChangeOut
    columns: ClassVar[Columns] = change_columns("session_version")
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    export_name = "roll-history"

    def rows(self) -> QuerySet[Any]:
        return selectors.changes_of(self.kwargs["id"], by=actor(self.request))
