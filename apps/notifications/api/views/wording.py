"""Which facts a school sends on which channel, and how it words them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.notifications import selectors, services
from apps.notifications.api import serializers as s
from apps.notifications.models import Channel
from apps.notifications.services import Wording
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, gone, valid


class FactsViewSet(ApiViewSet):
    """What can be told."""

    asks = {"list": "messages.configure over school"}

    @extend_schema(summary="What can be told", responses=s.FactsOut)
    def list(self, request: Request) -> HttpResponse:
        """Each fact: on which channels it goes where the school says nothing else, and what may stand in its words."""
        self.asked_for(request)
        access.require_everywhere(actor(request), "messages.configure")
        rows = [
            {
                "fact": code,
                "name": _(fact.name),
                "critical": fact.critical,
                "channels": [channel for channel in Channel.values if channel in fact.on],
                "placeholders": {name: _(what) for name, what in fact.allowed.items()},
            }
            for code, fact in sorted(services.facts().items())
        ]
        return answer({"facts": rows})


class RuleViewSet(RowViewSet):
    """Whether a fact is sent on a channel, to families of a grade level or of all others."""

    asks = {"list": "messages.configure over school", "replace": "messages.configure over school"}
    out = s.RuleOut
    columns: ClassVar[Columns] = {
        "fact": "fact",
        "channel": "channel",
        "grade_level_id": "grade_level__sourced_id",
        "sends": "sends",
    }
    export_name = "message-rules"

    def rows(self) -> QuerySet[Any]:
        return selectors.rules_said(by=actor(self.request))

    @extend_schema(summary="Say whether a fact is sent", request=s.RuleIn, responses=s.RuleOut)
    def replace(self, request: Request) -> HttpResponse:
        """On a channel; null takes back what was said."""
        said = valid(s.RuleIn, request.data)
        services.set_rule(**said, by=actor(request))
        level = said.pop("grade_level")
        return answer({**said, "grade_level_id": level and level.sourced_id})


class TemplateViewSet(ApiViewSet):
    """How a fact is worded on a channel in a language."""

    asks = dict.fromkeys(("retrieve", "replace", "remove", "preview"), "messages.configure over school")

    @extend_schema(summary="How a fact is worded", responses=s.TemplateOut)
    def retrieve(self, request: Request, **what: str) -> HttpResponse:
        """By the school, or else by the release."""
        self.asked_for(request)
        return self._worded(request, what)

    @extend_schema(summary="Word a fact", request=s.TemplateIn, responses=s.TemplateOut)
    def replace(self, request: Request, **what: str) -> HttpResponse:
        """With the placeholders that are known of it. What waits is worded anew."""
        services.set_template(**what, **valid(s.TemplateIn, request.data), by=actor(request))
        return self._worded(request, what)

    @extend_schema(summary="Word a fact as the release does", responses={204: None})
    def remove(self, request: Request, **what: str) -> HttpResponse:
        """From now on."""
        services.reset_template(**what, by=actor(request))
        return gone()

    @extend_schema(summary="Look at a wording", request=s.TemplatePreviewIn, responses=s.WordingOut)
    def preview(self, request: Request, **what: str) -> HttpResponse:
        """What a guardian of a real child would read. Nothing is kept or sent."""
        said = valid(s.TemplatePreviewIn, request.data)
        wording = Wording(said["subject"], said["text"])
        found = services.preview_template(**what, said=wording, student=said["student_id"], by=actor(request))
        return answer(asdict(found))

    def _worded(self, request: Request, what: dict[str, str]) -> HttpResponse:
        return answer(asdict(services.template_of(**what, by=actor(request))))
