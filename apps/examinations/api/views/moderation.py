"""Moderation of a paper's marks: proposed by one, applied and reverted by another."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.examinations.models import Moderation
from schoolops.api.fields import whole_list
from schoolops.api.viewsets import ApiViewSet, answer, valid


class ModerationViewSet(ApiViewSet):
    """The moderations of one paper."""

    asks = {
        "list": "marks.view over section",
        "create": "moderations.propose over section",
        "apply": "moderations.apply over section",
        "revert": "moderations.apply over section",
        "withdraw": "moderations.propose over section",
    }

    @extend_schema(summary="Moderations of a paper", responses=whole_list(s.ModerationOut))
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """Every one, the newest first, with how marks are spread before and after it."""
        self.asked_for(request)
        return answer({"results": selectors.moderations_of(id, by=actor(request)), "next": None})

    @extend_schema(summary="Propose a moderation", request=s.ModerationIn, responses={201: s.ModerationOut})
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Say what should become of each score; nothing counts otherwise before somebody applies it."""
        given = valid(s.ModerationIn, request.data)
        return _shown(services.propose_moderation(paper=id, **given, by=actor(request)), status=201)

    @extend_schema(summary="Apply a moderation", request=None, responses=s.ModerationOut)
    def apply(self, request: Request, id: UUID, moderation: UUID) -> HttpResponse:
        """Let it count; results follow, and what was entered is kept."""
        return self._settled(services.apply_moderation, id, moderation)

    @extend_schema(summary="Revert a moderation", request=None, responses=s.ModerationOut)
    def revert(self, request: Request, id: UUID, moderation: UUID) -> HttpResponse:
        """Let what was entered count again."""
        return self._settled(services.revert_moderation, id, moderation)

    @extend_schema(summary="Withdraw a proposal", request=None, responses=s.ModerationOut)
    def withdraw(self, request: Request, id: UUID, moderation: UUID) -> HttpResponse:
        """Take a moderation back that nobody has applied."""
        return self._settled(services.withdraw_moderation, id, moderation)

    def _settled(self, work: Callable[..., Moderation], paper: UUID, moderation: UUID) -> HttpResponse:
        return _shown(work(paper=paper, moderation=moderation, by=actor(self.request)))


def _shown(row: Moderation, *, status: int = 200) -> HttpResponse:
    (told,) = selectors.told_of(row.exam, [row])
    return answer(told, status=status)
