"""Remarks about students, by subject and by their class teacher, and the school's bank of phrases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.institutions.models import Section
from schoolops.api.fields import whole_list
from schoolops.api.viewsets import ApiViewSet, answer, gone, valid

REMARKS = whole_list(s.RemarkOut)


def _said(request: Request) -> list[services.Said]:
    return [services.Said(**each) for each in valid(s.RemarksIn, request.data)["records"]]


class PaperRemarksViewSet(ApiViewSet):
    """What is said of those who sit a paper, about its course."""

    asks = {
        "list": "remarks.write over section",
        "write": "remarks.write over section",
    }

    @extend_schema(summary="Remarks about a course", responses=REMARKS)
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """Everybody who sits the paper, with what is said of them."""
        self.asked_for(request)
        return answer({"results": selectors.remarks_of(id, by=actor(request)), "next": None})

    @extend_schema(summary="Write remarks about a course", request=s.RemarksIn, responses=REMARKS)
    def write(self, request: Request, id: UUID) -> HttpResponse:
        """Say something of some of them; it stands on their cards as those are drafted."""
        services.write_remarks(paper=id, said=_said(request), by=actor(request))
        return answer({"results": selectors.remarks_of(id, by=actor(request)), "next": None})


class ClassRemarksViewSet(ApiViewSet):
    """What a class teacher says of the students of a section."""

    asks = {
        "list": "remarks.write over section",
        "write": "remarks.write over section",
    }

    @extend_schema(summary="A class teacher's remarks", responses=REMARKS)
    def list(self, request: Request, id: UUID, section: UUID) -> HttpResponse:
        """The students of a section, with what is said of them."""
        self.asked_for(request)
        return self._told(id, selectors.section_called(section))

    @extend_schema(summary="Write a class teacher's remarks", request=s.RemarksIn, responses=REMARKS)
    def write(self, request: Request, id: UUID, section: UUID) -> HttpResponse:
        """Say something of some of them; it stands on their cards as those are drafted."""
        found = selectors.section_called(section)
        services.write_class_remarks(session=id, section=found, said=_said(request), by=actor(request))
        return self._told(id, found)

    def _told(self, session: UUID, section: Section) -> HttpResponse:
        told: Any = selectors.class_remarks_of(session, section, by=actor(self.request))
        return answer({"results": told, "next": None})


class PhraseViewSet(ApiViewSet):
    """The school's bank of phrases."""

    asks = {
        "list": "remarks.write over everybody",
        "create": "exams.configure over school",
        "remove": "exams.configure over school",
    }

    @extend_schema(summary="Phrases for remarks", responses=whole_list(s.PhraseOut))
    def list(self, request: Request) -> HttpResponse:
        """All of them, in the order in which they were added."""
        self.asked_for(request)
        rows = [{"id": each.sourced_id, "text": each.text} for each in selectors.phrases(by=actor(request))]
        return answer({"results": rows, "next": None})

    @extend_schema(summary="Add a phrase", request=s.PhraseIn, responses={201: s.PhraseOut})
    def create(self, request: Request) -> HttpResponse:
        """Put a phrase into the bank."""
        made = services.add_phrase(**valid(s.PhraseIn, request.data), by=actor(request))
        return answer({"id": made.sourced_id, "text": made.text}, status=201)

    @extend_schema(summary="Remove a phrase", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Take it out of the bank; remarks that were made of it stay."""
        services.remove_phrase(phrase=id, by=actor(request))
        return gone()
