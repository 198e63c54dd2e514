"""What was told to whoever asks, and how they want to be told."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.notifications import selectors, services
from apps.notifications.api import serializers as s
from apps.notifications.errors import MessageUnknown
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, file_response, valid

_PREFERENCES = [
    OpenApiExample(
        "no text messages about one child",
        {"student_id": "0190b5c0-0000-7000-8000-000000000042", "channel": "sms", "wanted": False},
        request_only=True,
    ),
    OpenApiExample("take back what was said", {"channel": "email", "wanted": None}, request_only=True),
]


class InboxViewSet(RowViewSet):
    """What was told to whoever asks."""

    asks = {
        "list": "messages.read over own",
        "retrieve": "messages.read over own",
        "read": "messages.read over own",
        "acknowledge": "messages.read over own",
    }
    out = s.InboxOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "fact": "fact",
        "subject": "subject",
        "text": "text",
        "student_id": "student__sourced_id",
        "announcement_id": "announcement__sourced_id",
        "attachment_name": Coalesce(F("announcement__attachment_name"), Value("")),
        "acknowledge": Coalesce(F("announcement__acknowledge"), Value(value=False)),
        "sent_at": "handed_at",
        "read_at": "read_at",
        "acknowledged_at": "acknowledged_at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-handed_at", "-id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "unread": Parameter(parameters.yes_or_no, lambda value: Q(read_at__isnull=value), about="Not read yet."),
    }
    not_visible = MessageUnknown
    export_name = "inbox"

    def rows(self) -> QuerySet[Any]:
        return selectors.inbox_of(actor(self.request))

    @extend_schema(summary="Note that a message was read", request=None, responses=s.InboxOut)
    def read(self, request: Request, id: UUID) -> HttpResponse:
        """The first time counts."""
        found = services.read_message(message=id, by=actor(request))
        return answer(self.row(Q(pk=found.pk)))

    @extend_schema(summary="Confirm a message", request=None, responses=s.InboxOut)
    def acknowledge(self, request: Request, id: UUID) -> HttpResponse:
        """Where its author asked for that."""
        found = services.acknowledge(message=id, by=actor(request))
        return answer(self.row(Q(pk=found.pk)))


class InboxAttachmentViewSet(ApiViewSet):
    """The file that came with a message of one's own."""

    asks = {"retrieve": "messages.read over own"}

    @extend_schema(summary="What came with a message", responses={(200, "*/*"): bytes})
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """The PDF or picture, to be kept as a file, while the message is for you."""
        self.asked_for(request)
        return file_response(*services.attachment_in(id, by=actor(request)))


class PreferencesViewSet(ApiViewSet):
    """How a guardian wants to be told."""

    asks = {"retrieve": "messages.read over own", "change": "messages.read over own"}

    @extend_schema(summary="How you want to be told", responses=s.PreferencesOut)
    def retrieve(self, request: Request) -> HttpResponse:
        """In general, and of each child."""
        self.asked_for(request)
        return self._all(request)

    @extend_schema(
        summary="Say how you want to be told", request=s.PreferenceIn, responses=s.PreferencesOut, examples=_PREFERENCES
    )
    def change(self, request: Request) -> HttpResponse:
        """On one channel. The inbox always has everything."""
        said = valid(s.PreferenceIn, request.data)
        services.set_preference(
            channel=said["channel"], wanted=said["wanted"], student=said["student_id"], by=actor(request)
        )
        return self._all(request)

    def _all(self, request: Request) -> HttpResponse:
        rows = [
            {"student_id": each.student.sourced_id if each.student else None, **each.channels}
            for each in selectors.preferences_of(actor(request))
        ]
        return answer({"preferences": rows})
