"""The API of what is printed: lists that are asked for, waited for and fetched; report cards that are published."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.examinations import selectors as exams
from apps.reports import selectors, services
from apps.reports.api import serializers as shapes
from apps.students.api.about import SECTION, STUDENT, student_columns
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, pdf_response, valid


class PrintedListViewSet(ApiViewSet):
    """Class lists, emergency lists and sign-in sheets as PDF, kept for a day for whoever asked."""

    # A worker prints what is in reach; what is asked for and fetched is one's own.
    asks = {"create": "students.view over own", "retrieve": "students.view over own"}

    @extend_schema(summary="Print a list", request=shapes.PrintedListIn, responses={202: shapes.PrintedListOut})
    def create(self, request: Request) -> HttpResponse:
        """Let a worker print it, in the language of the request."""
        given = valid(shapes.PrintedListIn, request.data)
        by = actor(request)
        given.setdefault("day", access.today(by))
        job = services.ask_for_list(**given, language=get_language() or "en", by=by)
        return answer({"job_id": job}, status=202, headers={"Location": f"/api/v1/printed-lists/{job}"})

    @extend_schema(summary="A list that was printed", responses={(200, "application/pdf"): bytes})
    def retrieve(self, request: Request, job_id: int) -> HttpResponse:
        """The PDF; 409 while it is being printed, and once you may see something else than you did then."""
        self.asked_for(request)
        kept = services.kept_list(job_id, by=actor(request))
        return pdf_response(kept.file_name, kept.content)


class SessionCardViewSet(RowViewSet):
    """The report cards of a session, of the sections in reach: the latest version of each."""

    asks = {
        "list": "marks.view over section",
        "create": "cards.prepare over section",
        "publish": "cards.publish over section",
    }
    out = shapes.SessionCardOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "section_id": "section__sourced_id",
        **{name: name for name in ("version", "state", "reason", "drafted_at", "published_at", "sha256")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"name": ("student__name_key", "student_id", "version")}
    filters: ClassVar[dict[str, Parameter]] = {"section_id": SECTION, "student_id": STUDENT}
    export_name = "report-cards"

    def rows(self) -> QuerySet[Any]:
        return selectors.cards_of_session(self.kwargs["id"], by=actor(self.request))

    @extend_schema(summary="Draft report cards", request=shapes.CardsDraftIn, responses={200: shapes.CardsOut})
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Draft those of a section anew, from what its marks come to by now; or say that the drafts are proof-read."""
        given, by = valid(shapes.CardsDraftIn, request.data), actor(request)
        session, section = selectors.session_and_section(id, given["section"], "cards.prepare", by=by)
        if seen := given.get("proof_read"):
            number = services.proof_read_cards(session=session, section=section, seen=seen, by=by)
        else:
            number = services.draft_cards(session=session, section=section, by=by)
        return answer({"cards": number})

    @extend_schema(
        summary="Publish report cards", request=shapes.CardsPublicationIn, responses={202: shapes.CardsPublicationOut}
    )
    def publish(self, request: Request, id: UUID) -> HttpResponse:
        """A job prints those of a section that are proof-read; families see them from the moment on that is said."""
        given, by = valid(shapes.CardsPublicationIn, request.data), actor(request)
        session, section = selectors.session_and_section(id, given["section"], "cards.publish", by=by)
        moment = given["published_at"]
        services.ask_to_publish(session=session, section=section, published_at=moment, by=by)
        return answer({"session_id": session.sourced_id, "section_id": section.sourced_id}, status=202)


class CardViewSet(ApiViewSet):
    """One report card, of a section in reach."""

    asks = {"retrieve": "marks.view over section", "amend": "cards.prepare over section"}

    @extend_schema(summary="A report card as staff see it", responses={(200, "application/pdf"): bytes})
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """The PDF: of a published card as it was published, of another a draft that says so."""
        self.asked_for(request)
        found = selectors.card_seen(id, "marks.view", by=actor(request))
        return pdf_response(f"report-card-{found.version}.pdf", services.print_card(found))

    @extend_schema(summary="Amend a report card", request=shapes.CardAmendIn, responses={201: shapes.CardAmendedOut})
    def amend(self, request: Request, id: UUID) -> HttpResponse:
        """Draft another version of a published card. The present one stays public until that is published."""
        given, by = valid(shapes.CardAmendIn, request.data), actor(request)
        card = selectors.card_seen(id, "cards.prepare", by=by)
        made = services.amend_card(card=card, reason=given["reason"], by=by)
        return answer({"id": made.sourced_id, "version": made.version}, status=201)


class TranscriptViewSet(ApiViewSet):
    """What is published of a student over years; the same for everybody who asks."""

    asks = {"retrieve": "exams.follow over student", "print": "exams.follow over student"}

    @extend_schema(summary="A student's transcript", responses=shapes.TranscriptOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """Every year of which something is published, with its terms: courses, sessions, and what these come to."""
        self.asked_for(request)
        return answer(exams.transcript_followed(id, by=actor(request)))

    @extend_schema(summary="A student's transcript on paper", responses={(200, "application/pdf"): bytes})
    def print(self, request: Request, id: UUID) -> HttpResponse:
        """The same as a PDF, in the language of the request."""
        self.asked_for(request)
        return pdf_response("transcript.pdf", services.print_transcript(student=id, by=actor(request)))


class ReportCardViewSet(ApiViewSet):
    """A student's report cards, once they and the results of their session are published; the same for all who ask."""

    asks = {"list": "exams.follow over student", "retrieve": "exams.follow over student"}

    @extend_schema(summary="A student's report cards", responses=shapes.ReportCardsOut)
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """The latest published version of each, newest first."""
        self.asked_for(request)
        return answer({"results": selectors.cards_followed(id, by=actor(request)), "next": None})

    @extend_schema(summary="A report card", responses={(200, "application/pdf"): bytes})
    def retrieve(self, request: Request, id: UUID, card: UUID) -> HttpResponse:
        """The PDF as it was published."""
        self.asked_for(request)
        found = selectors.card_followed(id, card, by=actor(request))
        return pdf_response(f"report-card-{found.version}.pdf", services.print_card(found))
