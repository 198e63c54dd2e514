"""The API of printed lists: asked for, waited for, fetched."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.reports import services
from apps.reports.api import serializers as shapes
from schoolops.api.viewsets import ApiViewSet, answer, valid


def pdf_response(file_name: str, content: bytes) -> HttpResponse:
    """A paper about people: shown where it was asked for, and kept by no cache."""
    headers = {"Content-Disposition": f'inline; filename="{file_name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


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
