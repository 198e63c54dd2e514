"""What a school sends: what became of it, holding all of it, and addresses from which it came back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access.api.lists import CampusRows
from apps.accounts.api.authentication import actor
from apps.accounts.models import User
from apps.notifications import selectors, services
from apps.notifications.api import serializers as s
from apps.notifications.errors import MessageUnknown
from apps.notifications.models import Channel, Message
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, answer, gone, valid


class MessageViewSet(CampusRows):
    """What a school sends, and what became of it."""

    asks = {
        "list": "messages.view over campus",
        "retrieve": "messages.view over campus",
        "resolve": "messages.configure over campus",
    }
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
    seen = staticmethod(selectors.messages_seen)

    @extend_schema(summary="Say what became of a message in doubt", request=s.ResolveIn, responses=s.MessageOut)
    def resolve(self, request: Request, id: UUID) -> HttpResponse:
        """That it was sent; or let it be sent again, where it was not."""
        found = services.resolve(message=id, **valid(s.ResolveIn, request.data), by=actor(request))
        return answer(self.row(Q(pk=found.pk)))


class BouncedViewSet(CampusRows):
    """What came back from addresses to which nothing is sent since."""

    asks = {
        "list": "messages.view over campus",
        "retrieve": "messages.view over campus",
        "remove": "messages.configure over campus",
    }
    out = s.BouncedOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **{name: name for name in ("address", "channel", "bounced_at", "answer")},
        "guardian_id": "guardian__sourced_id",
        "user_id": "user__sourced_id",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    not_visible = MessageUnknown
    export_name = "bounced-addresses"
    seen = staticmethod(selectors.bounced)

    @extend_schema(summary="Write to an address again", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """To the one from which this came back, whatever else came back from it."""
        services.clear_bounced(message=id, by=actor(request))
        return gone()


class OutgoingViewSet(ApiViewSet):
    """Everything that a school sends: how it stands, holding it, and its hours and limits."""

    asks = {
        "retrieve": "messages.view over campus",
        "change": "messages.configure over school",
        "hold": "messages.configure over school",
        "release": "messages.configure over school",
        "discard": "messages.configure over school",
    }

    @extend_schema(summary="How everything outgoing stands", responses=s.OutgoingOut)
    def retrieve(self, request: Request) -> HttpResponse:
        """Whether it is held, what waits and is in doubt at one's campuses, and the school's hours and limits."""
        self.asked_for(request)
        return answer(_standing(actor(request), self.permission))

    @extend_schema(summary="Change hours and limits", request=s.OutgoingIn, responses=s.OutgoingOut)
    def change(self, request: Request) -> HttpResponse:
        """Of what is sent; 0 is no limit, and equal ends are no quiet hours."""
        services.set_outgoing(**valid(s.OutgoingIn, request.data, partial=True), by=actor(request))
        return answer(_standing(actor(request), self.permission))

    @extend_schema(summary="Hold everything outgoing", request=s.HoldIn, responses=s.OutgoingOut)
    def hold(self, request: Request) -> HttpResponse:
        """Nothing goes out but what is critical, until it is released or discarded."""
        services.hold(**valid(s.HoldIn, request.data), by=actor(request))
        return answer(_standing(actor(request), self.permission))

    @extend_schema(summary="Release what is held", request=None, responses=s.ReleasedOut)
    def release(self, request: Request) -> HttpResponse:
        """What is not so any more by now is not sent."""
        return answer({"messages": services.release(by=actor(request))})

    @extend_schema(summary="Discard what is held", request=None, responses=s.ReleasedOut)
    def discard(self, request: Request) -> HttpResponse:
        """It is never sent. What is written afterwards goes out."""
        return answer({"messages": services.release(discard=True, by=actor(request))})


LIMITS = tuple(s.OutgoingIn().fields)


def _standing(by: User, permission: str) -> dict[str, Any]:
    waiting, found = selectors.waiting(by=by, permission=permission), services.outgoing()
    return {
        "held_at": found.held_at,
        "held_reason": found.held_reason,
        "waiting": {channel.value: waiting.get(channel, 0) for channel in Channel},
        **asdict(selectors.standing(by=by, permission=permission)),
        **{name: getattr(found, name) for name in LIMITS},
    }
