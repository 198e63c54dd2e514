"""Announcements, what goes with them, and who has read them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Trim
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.notifications import selectors, services
from apps.notifications.api import serializers as s
from apps.notifications.errors import AnnouncementUnknown
from apps.notifications.models import Announcement
from apps.notifications.selectors import Audience
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.parsers import PictureParser, sent_picture
from schoolops.api.viewsets import (
    ApiViewSet,
    Columns,
    RowViewSet,
    answer,
    created,
    file_response,
    gone,
    valid,
)

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
NAME = Parameter(parameters.text, about="As its readers see it called; its ending is that of what it is.")


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
        **{name: name for name in ("attachment_name", "state", "told", "read", "confirmed")},
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


class AnnouncementAttachmentViewSet(ApiViewSet):
    """The file that goes with an announcement."""

    asks = dict.fromkeys(("retrieve", "replace", "remove"), "messages.announce over own")
    parser_classes = (PictureParser,)

    @extend_schema(summary="What goes with an announcement", responses={(200, "*/*"): bytes})
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """The PDF or picture, to be kept as a file. Whom the announcement is for read it in their inbox."""
        self.asked_for(request)
        return file_response(*services.attachment_of(id, by=actor(request)))

    @extend_schema(
        summary="Send a file along", request={"*/*": bytes}, responses=s.AttachedOut,
        parameters=[OpenApiParameter("name", str, description=NAME.about)],
    )  # fmt: skip
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Keep the body, a PDF, JPEG, PNG or WebP, as what goes with an announcement that is not published yet."""
        named = self.asked_for(request, name=NAME).get("name", "attachment")
        paper = services.Paper(sent_picture(request), named)
        made = services.attach_to_announcement(announcement=id, paper=paper, by=actor(request))
        return answer({"attachment_name": made.attachment_name})

    @extend_schema(summary="Send no file along", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Of an announcement that is not published yet."""
        services.detach_from_announcement(announcement=id, by=actor(request))
        return gone()


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
