"""Contacts to be corrected, a child's calendar, and who has looked at a child."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.family import selectors, services
from apps.family.api import serializers as s
from apps.family.errors import ContactRequestUnknown
from apps.family.models import ContactRequest
from apps.students.models import FamilyItem
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, created, gone, valid


class ContactRequestViewSet(RowViewSet):
    """Guardians who ask to be reached otherwise: their own, and those that the office decides."""

    asks = {
        "list": "students.view over own",
        "retrieve": "students.view over own",
        "create": "students.view over own",
        "accept": "guardians.manage over student",
        "refuse": "guardians.manage over student",
    }
    out = s.ContactRequestOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "guardian_id": "guardian__sourced_id",
        **{name: name for name in ("phone", "email", "state", "asked_at", "decided_at")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "state": Parameter(parameters.one_of(ContactRequest.State), where="state", about="What became of it."),
    }
    not_visible = ContactRequestUnknown
    export_name = "contact-requests"

    def rows(self) -> QuerySet[Any]:
        by = actor(self.request)
        return selectors.contact_requests_seen(by=by, permission=access.held(by, *self.sees))

    @extend_schema(
        summary="Ask to be reached otherwise", request=s.ContactRequestIn, responses={201: s.ContactRequestOut}
    )
    def create(self, request: Request) -> HttpResponse:
        """Of a guardian, about themselves: in place of what they asked for before and nobody has decided."""
        wish = services.ask_for_contacts(**valid(s.ContactRequestIn, request.data), by=actor(request))
        return created(request, self.row(Q(pk=wish.pk)))

    @extend_schema(summary="Reach a guardian as they ask", request=None, responses=s.ContactRequestOut)
    def accept(self, request: Request, id: UUID) -> HttpResponse:
        """From now on. The e-mail of their login stays as it is."""
        services.accept_contacts(wish=id, by=actor(request))
        return answer(self.row(Q(sourced_id=id)))

    @extend_schema(summary="Leave a guardian's contacts as they are", request=None, responses=s.ContactRequestOut)
    def refuse(self, request: Request, id: UUID) -> HttpResponse:
        """Say no."""
        services.refuse_contacts(wish=id, by=actor(request))
        return answer(self.row(Q(sourced_id=id)))


class CalendarFeedViewSet(ApiViewSet):
    """A child's lessons and exams for the calendar of a phone: one secret address for each who reads it."""

    asks = {
        "retrieve": "sections.view over own",
        "begin": "sections.view over own",
        "end": "students.view over own",
    }

    @extend_schema(summary="Whether there is a calendar", responses=s.CalendarFeedOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """Of one's child, or of oneself. Its address is said when it is begun, and never again."""
        self.asked_for(request)
        by = actor(request)
        begun = selectors.feed_of(selectors.child_of(by, id, FamilyItem.TIMETABLE).student, by=by)
        return answer({"begun_at": begun and begun.created_at})

    @extend_schema(summary="Begin a calendar", request=None, responses={201: s.NewCalendarFeedOut})
    def begin(self, request: Request, id: UUID) -> HttpResponse:
        """At a new address; the one before reads nothing any more."""
        by = actor(request)
        secret = services.begin_feed(student=id, by=by)
        begun = selectors.feed_of(selectors.child_of(by, id).student, by=by)
        said = {"begun_at": begun and begun.created_at, "address": request.build_absolute_uri(_feed_at(secret))}
        return answer(said, status=201, headers={"Location": request.path})

    @extend_schema(summary="End a calendar", responses={204: None})
    def end(self, request: Request, id: UUID) -> HttpResponse:
        """Its address reads nothing any more."""
        services.end_feed(student=id, by=actor(request))
        return gone()


def _feed_at(secret: str) -> str:
    return reverse("family:feed", args=[secret])


class LooksViewSet(ApiViewSet):
    """Who has looked at a child's data, for the guardians."""

    asks = {"retrieve": "students.view over own"}

    @extend_schema(summary="Who looked at a child's data", responses=s.LooksOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """Who opened the child's page in the office, printed a list of the section or changed something."""
        self.asked_for(request)
        child = selectors.child_of(actor(request), id, FamilyItem.TRAIL)
        return answer({"looks": [asdict(each) for each in selectors.looks_at(child, by=actor(request))]})
