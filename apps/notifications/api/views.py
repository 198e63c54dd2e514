"""Inboxes and preferences, announcements, what became of what was sent, and what the SMS gateway reports."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Trim
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.notifications import selectors, services
from apps.notifications.api import serializers as s
from apps.notifications.errors import AnnouncementUnknown, MessageUnknown
from apps.notifications.models import Announcement, Channel, Message
from apps.notifications.selectors import Audience
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, created, valid

_ANNOUNCEMENTS = [
    OpenApiExample(
        "to a section, to be confirmed",
        {
            "title": "Trip to the harbour", "text": "We meet at eight. Please confirm.", "kind": "section",
            "targets": ["0190b5c0-0000-7000-8000-000000000007"], "to": ["guardians"], "channels": ["email", "sms"],
            "acknowledge": True,
        },
        request_only=True,
    ),
    OpenApiExample(
        "to everybody who teaches, tomorrow morning",
        {
            "title": "Staff meeting", "text": "In room 12.", "kind": "role", "targets": ["teacher"], "to": [],
            "publish_at": "2026-09-02T06:30:00Z",
        },
        request_only=True,
    ),
]  # fmt: skip
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


class MessageViewSet(RowViewSet):
    """What a school sends, and what became of it."""

    asks = {"list": "messages.view over campus", "retrieve": "messages.view over campus"}
    out = s.MessageOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **{name: name for name in ("fact", "channel", "state", "reason", "due_at", "handed_at")},
        "guardian_id": "guardian__sourced_id",
        "user_id": "user__sourced_id",
        "student_id": "student__sourced_id",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "state": Parameter(parameters.one_of(Message.State), where="state", about="What became of it."),
        "channel": Parameter(parameters.one_of(Channel), where="channel", about="On this channel."),
        "student_id": Parameter(parameters.public_id, where="student__sourced_id", about="About this student."),
    }
    not_visible = MessageUnknown
    export_name = "messages"

    def rows(self) -> QuerySet[Any]:
        return selectors.messages_seen(by=actor(self.request))


class AnnouncementViewSet(RowViewSet):
    """Announcements: one's own, or all for who sees what the school sends."""

    asks = {
        "list": "messages.announce over own",
        "create": "messages.announce over everybody",
        "preview": "messages.announce over everybody",
        "retrieve": "messages.announce over own",
        "withdraw": "messages.announce over own",
        "remind": "messages.announce over own",
    }
    out = s.AnnouncementOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **{name: name for name in ("title", "text", "kind", "targets", "to", "channels", "acknowledge", "publish_at")},
        **{name: name for name in ("state", "told", "read", "confirmed")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "state": Parameter(parameters.one_of(Announcement.State), where="state", about="Where it stands."),
    }
    not_visible = AnnouncementUnknown
    export_name = "announcements"

    def rows(self) -> QuerySet[Any]:
        return selectors.announcements_seen(by=actor(self.request))

    @extend_schema(
        summary="Write an announcement", request=s.AnnouncementIn, responses={201: s.AnnouncementOut},
        examples=_ANNOUNCEMENTS,
    )  # fmt: skip
    def create(self, request: Request) -> HttpResponse:
        """To whom the writer may write: a teacher to their own sections, classes and students."""
        said = _with_audience(valid(s.AnnouncementIn, request.data))
        made = services.announce(**said, by=actor(request))
        return created(request, self.row(Q(pk=made.pk)))

    @extend_schema(
        summary="Whom an announcement would reach", request=s.AnnouncementIn, responses=s.AudiencePreviewOut,
        examples=_ANNOUNCEMENTS,
    )  # fmt: skip
    def preview(self, request: Request) -> HttpResponse:
        """Nothing is written, and nobody is told."""
        said = _with_audience(valid(s.AnnouncementIn, request.data))
        asked = {name: said[name] for name in ("title", "audience", "channels")}
        return answer(asdict(services.preview(**asked, by=actor(request))))

    @extend_schema(summary="Withdraw an announcement", request=None, responses=s.AnnouncementOut)
    def withdraw(self, request: Request, id: UUID) -> HttpResponse:
        """What waits is not sent, and inboxes show it no more."""
        found = services.withdraw(announcement=id, by=actor(request))
        return answer(self.row(Q(pk=found.pk)))

    @extend_schema(summary="Remind those who have not read it", request=None, responses=s.RemindedOut)
    def remind(self, request: Request, id: UUID) -> HttpResponse:
        """Or not confirmed it, where that was asked for."""
        return answer({"reminded": services.remind(announcement=id, by=actor(request))})


def _with_audience(said: dict[str, Any]) -> dict[str, Any]:
    audience = Audience(said.pop("kind"), tuple(said.pop("targets")), tuple(said.pop("to")))
    return {**said, "audience": audience}


class ReadersViewSet(RowViewSet):
    """Who was told of an announcement, and has read it."""

    asks = {"list": "messages.announce over own"}
    out = s.ReaderOut
    columns: ClassVar[Columns] = {
        "guardian_id": "guardian__sourced_id",
        "user_id": "user__sourced_id",
        "name": Coalesce(
            Trim(Concat("guardian__given_name", Value(" "), "guardian__family_name")),
            Trim(Concat("user__given_name", Value(" "), "user__family_name")),
        ),
        "read_at": "read_at",
        "acknowledged_at": "acknowledged_at",
    }
    filters: ClassVar[dict[str, Parameter]] = {
        "unread": Parameter(parameters.yes_or_no, lambda value: Q(read_at__isnull=value), about="Not read yet."),
    }
    export_name = "readers"

    def rows(self) -> QuerySet[Any]:
        return selectors.readers_of(self.kwargs["id"], by=actor(self.request))
