"""Exam sessions."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.examinations.errors import SessionUnknown
from apps.examinations.models import ExamSession
from schoolops import clock
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, created, gone, valid, with_version


def _in_state(state: str) -> Q:
    """As ``ExamSession.state_at``."""
    published = Q(results_published_at__isnull=False, results_published_at__lte=clock.now())
    return published if state == ExamSession.State.PUBLISHED else Q(state=state) & ~published


class ExamSessionViewSet(RowViewSet):
    """Exam sessions: of a campus all, for a teacher those with a paper of theirs."""

    asks = {
        "list": "exams.view over section",
        "create": "exams.manage over campus",
        "retrieve": "exams.view over section",
        "change": "exams.manage over campus",
        "remove": "exams.manage over campus",
        "move": "exams.manage over campus",
        "publish": "exams.publish over campus",
    }
    out = s.ExamSessionOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "term_id": "term__sourced_id",
        "term": "term__name",
        "institution_id": "term__year__institution__sourced_id",
        **{
            name: name
            for name in (
                "name",
                "kind",
                "weight",
                "state",
                "timetable_published_at",
                "results_published_at",
                "cancelled_reason",
                "version",
            )
        },
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "name": ("name", "id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "term_id": Parameter(parameters.public_id, where="term__sourced_id", about="Of this term."),
        "institution_id": Parameter(
            parameters.public_id, where="term__year__institution__sourced_id", about="One campus only."
        ),
        "state": Parameter(parameters.one_of(ExamSession.State), where=_in_state, about="Where it stands."),
    }
    not_visible = SessionUnknown
    export_name = "exam-sessions"

    def columns_here(self) -> Columns:
        # Published from a moment on, which may have come since it was set.
        return {**self.columns, "state": selectors.state_now()}

    def rows(self) -> QuerySet[Any]:
        return selectors.sessions_seen(by=actor(self.request), permission=self.permission)

    def _read(self, session: ExamSession) -> HttpResponse:
        return with_version(self.row(Q(pk=session.pk)))

    @extend_schema(summary="Set up an exam session", request=s.ExamSessionIn, responses={201: s.ExamSessionOut})
    def create(self, request: Request) -> HttpResponse:
        """A session of a term, as a draft that nobody's family sees."""
        values = valid(s.ExamSessionIn, request.data)
        session = services.add_session(term=values.pop("term"), values=values, by=actor(request))
        return created(request, self.row(Q(pk=session.pk)))

    @extend_schema(summary="Change an exam session", request=s.ExamSessionChangeIn, responses=s.ExamSessionOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. Its term stays."""
        values = valid(s.ExamSessionChangeIn, request.data, partial=True)
        expected = versions.expected(request)
        return self._read(
            services.change_session(session=id, values=values, expected_version=expected, by=actor(request))
        )

    @extend_schema(summary="Remove an exam session", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a session that has no papers."""
        services.remove_session(session=id, by=actor(request))
        return gone()

    @extend_schema(summary="Move an exam session on", request=s.ExamSessionStateIn, responses=s.ExamSessionOut)
    def move(self, request: Request, id: UUID) -> HttpResponse:
        """From draft over scheduled, held and marking to moderation, or a step back; or cancel it, with a reason."""
        given, expected = valid(s.ExamSessionStateIn, request.data), versions.expected(request)
        return self._read(services.move_session(session=id, **given, expected_version=expected, by=actor(request)))

    @extend_schema(summary="Publish or withdraw", request=s.PublicationIn, responses=s.ExamSessionOut)
    def publish(self, request: Request, id: UUID) -> HttpResponse:
        """Say from when on families see the timetable and the results. A moment may lie ahead; null withdraws."""
        given, expected = valid(s.PublicationIn, request.data), versions.expected(request)
        return self._read(services.set_publication(session=id, **given, expected_version=expected, by=actor(request)))
