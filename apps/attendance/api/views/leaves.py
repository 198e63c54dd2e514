"""Leave."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.attendance import selectors, services
from apps.attendance.api import serializers as s
from apps.attendance.errors import LeaveUnknown
from apps.attendance.models import Leave
from apps.students.api.about import STUDENT, name_of, student_columns
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.parsers import PictureParser, sent_picture
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, created, file_response, gone, valid


class LeaveViewSet(RowViewSet):
    """Leave: asked for, decided, taken back."""

    asks = {
        "list": "leave.request over student",
        "create": "leave.request over student",
        "retrieve": "leave.request over student",
        "approve": "leave.decide over student",
        "refuse": "leave.decide over student",
        "cancel": "leave.decide over student",
    }
    out = s.LeaveOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "starts_on": "starts_on",
        "ends_on": "ends_on",
        "code": "code__code",
        "reason": "reason",
        "state": "state",
        "requested_by": name_of("requested_by"),
        "decided_by": name_of("decided_by"),
        "decided_at": "decided_at",
        "decision_note": "decision_note",
        "attached": ExpressionWrapper(~Q(attachment=""), BooleanField()),
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "starts_on": ("starts_on", "id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "student_id": STUDENT,
        "state": Parameter(parameters.one_of(Leave.State), where="state", about="Where it stands."),
        "day": Parameter(
            parameters.day, where=lambda day: Q(starts_on__lte=day, ends_on__gte=day), about="Leave on this day."
        ),
    }
    not_visible = LeaveUnknown
    export_name = "leave"

    def rows(self) -> QuerySet[Any]:
        by = actor(self.request)
        return selectors.leaves(by=by, permissions=self.sees)

    @extend_schema(summary="Ask for leave", request=s.LeaveIn, responses={201: s.LeaveOut})
    def create(self, request: Request) -> HttpResponse:
        """From the first day to the last, both included. Nothing happens until somebody decides."""
        given = valid(s.LeaveIn, request.data)
        leave = services.request_leave(
            student=given.pop("student_id"), code=given.pop("code", None), **given, by=actor(request)
        )
        return created(request, self.row(Q(pk=leave.pk)))

    def _decided(self, request: Request, leave: Leave, locked_days: tuple[dt.date, ...] = ()) -> HttpResponse:
        return answer({**self.row(Q(pk=leave.pk)), "locked_days": list(locked_days)})

    @extend_schema(summary="Approve leave", request=s.DecisionIn, responses=s.DecidedOut)
    def approve(self, request: Request, id: UUID) -> HttpResponse:
        """Rolls already taken follow, later ones begin with it; `locked_days` stay as they are."""
        note = valid(s.DecisionIn, request.data)["note"]
        return self._decided(request, *services.approve_leave(leave=id, note=note, by=actor(request)))

    @extend_schema(summary="Refuse leave", request=s.DecisionIn, responses=s.DecidedOut)
    def refuse(self, request: Request, id: UUID) -> HttpResponse:
        """Say no, best with a note."""
        note = valid(s.DecisionIn, request.data)["note"]
        return self._decided(request, services.refuse_leave(leave=id, note=note, by=actor(request)))

    @extend_schema(summary="Take leave back", request=s.DecisionIn, responses=s.DecidedOut)
    def cancel(self, request: Request, id: UUID) -> HttpResponse:
        """Who asked may while it is undecided, who decides may always."""
        note = valid(s.DecisionIn, request.data)["note"]
        return self._decided(request, *services.cancel_leave(leave=id, note=note, by=actor(request)))


class AttachmentViewSet(ApiViewSet):
    """What came with a request for leave: for who sent it, and for who decides."""

    asks = {"retrieve": "leave.decide over student", "replace": "leave.request over student"}
    parser_classes = (PictureParser,)

    @extend_schema(summary="What came with a request", responses={(200, "*/*"): bytes})
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """The PDF or picture, to be kept as a file."""
        self.asked_for(request)
        return file_response(*services.attachment_of(id, by=actor(request)))

    @extend_schema(summary="Send a note along", request={"*/*": bytes}, responses={204: None})
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Keep the body as what came with one's own request, while nobody has decided it: a PDF, JPEG, PNG or WebP."""
        services.attach_to_leave(leave=id, content=sent_picture(request), by=actor(request))
        return gone()
