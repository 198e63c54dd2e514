"""The API of attendance."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.models import User
from apps.attendance import selectors, services
from apps.attendance.api.serializers import RollIn, RollOut
from apps.attendance.selectors import SessionKey
from schoolops.api import parameters, versions
from schoolops.api.errors import refused
from schoolops.api.viewsets import ApiViewSet, valid, with_version


def actor(request: Request) -> User:
    """Who asks; the door (``LoggedIn``) let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type
    return request.user


def day_of(text: str) -> dt.date:
    """The day in an address. Raises ``ValidationFailed``."""
    try:
        return parameters.day(text)
    except ValueError as wrong:
        raise refused("day", "invalid", str(wrong)) from None


class RollViewSet(ApiViewSet):
    """One roll: a section's of the day or a period, or a class's of a period."""

    def _key(
        self, day: str, section: UUID | None = None, course_class: UUID | None = None, period: UUID | None = None
    ) -> SessionKey:
        return SessionKey(day=day_of(day), section=section, course_class=course_class, period=period)

    @extend_schema(summary="A roll, before and after it was taken", responses=RollOut)
    def retrieve(self, request: Request, **where: Any) -> HttpResponse:
        """The students on the roll as of its day, with what was marked or, before that, what is suggested."""
        self.asked_for(request)
        return with_version(selectors.roll(self._key(**where), by=actor(request)))

    @extend_schema(summary="Mark a whole roll", request=RollIn, responses=RollOut)
    def replace(self, request: Request, **where: Any) -> HttpResponse:
        """Record who was present; marking again replaces. Every student on the roll exactly once."""
        key, by = self._key(**where), actor(request)
        given = valid(RollIn, request.data)
        services.mark_attendance(
            session=key,
            marks=[services.Mark(**mark) for mark in given["records"]],
            expected_version=versions.expected(request, required=False),
            by=by,
        )
        return with_version(selectors.roll(key, by=by))
