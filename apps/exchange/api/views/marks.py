"""The API of marks by spreadsheet: downloaded, filled in, laid beside what was entered since, and entered."""

from __future__ import annotations

import tempfile
from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.exchange import errors, services
from apps.exchange.api import serializers as shapes
from apps.exchange.models import MarkFile, MarkFileRow
from apps.exchange.selectors import marks as selectors
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, valid
from schoolops.resilience.heavy import heavy

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SECTION = Parameter(parameters.public_id, None, "The papers of one section only.")
SHOWN = (
    "file_name", "state", "papers", "counts", "problem", "job_id", "received_at", "validated_at", "finished_at",
    "cleared_at",
)  # fmt: skip
PAPER = Parameter(parameters.public_id, None, "One paper only.")


def mark_file(*, name: str = "marks.xlsx", **asked: Any) -> FileResponse:
    """What ``services.write_mark_file`` writes, to be saved. Raises as that does."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        services.write_mark_file(into=file, **asked)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)


def shown(run: MarkFile) -> dict[str, Any]:
    """A file of marks as the API says it."""
    return {
        "id": run.sourced_id,
        "session_id": run.session.sourced_id,
        "paper_id": run.paper,
        **{name: getattr(run, name) for name in SHOWN},
    }


class SessionMarkFileViewSet(ApiViewSet):
    """The marks of a session, as a spreadsheet."""

    asks = {
        "retrieve": "marks.enter over section",
        "create": "marks.enter over section",
    }
    parser_classes = (MultiPartParser,)

    @extend_schema(summary="Marks as a spreadsheet to fill in", responses={(200, XLSX): bytes})
    @heavy
    def retrieve(self, request: Request, id: UUID) -> HttpResponseBase:
        """A sheet for each paper that may be marked, with what is entered by now; at most 50 papers."""
        asked = self.asked_for(request, section=SECTION, paper=PAPER)
        return mark_file(session=id, section=asked.get("section"), paper=asked.get("paper"), by=actor(request))

    @extend_schema(summary="Send marks back", request=shapes.MarkFileIn, responses={202: shapes.MarkFileOut})
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Let a spreadsheet be laid beside what is entered by now; nothing is entered before it is confirmed.

        Raises:
            FileTooLarge, NoFile, UnsupportedMedia, Malformed.
        """
        if not isinstance(request.FILES.get("file"), UploadedFile):
            raise errors.NoFile
        given = valid(shapes.MarkFileIn, request.data)
        file = given.pop("file")
        run = services.receive_marks(session=id, file=file.file, name=file.name, by=actor(request), **given)
        run.refresh_from_db(fields=["job_id"])
        return answer(shown(run), status=202, headers={"Location": f"/api/v1/mark-files/{run.sourced_id}"})


class MarkFileViewSet(ApiViewSet):
    """A spreadsheet of marks that somebody sent, for themselves."""

    asks = {
        "retrieve": "marks.enter over own",
        "confirm": "marks.enter over own",
    }

    @extend_schema(summary="A spreadsheet of marks", responses=shapes.MarkFileOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """How far it is, and which papers it is about."""
        self.asked_for(request)
        return answer(shown(selectors.mark_file_of(id, by=actor(request))))

    @extend_schema(summary="Enter what it says", request=shapes.MarksConfirmIn, responses={202: shapes.MarkFileOut})
    def confirm(self, request: Request, id: UUID) -> HttpResponse:
        """Let what differs be entered; rows with errors are left out."""
        run = selectors.mark_file_of(id, by=actor(request))
        given = valid(shapes.MarksConfirmIn, request.data)
        services.confirm_marks(run=run, by=actor(request), **given)
        return answer(shown(selectors.mark_file_of(id, by=actor(request))), status=202)


class MarkFileRowsViewSet(RowViewSet):
    """What a spreadsheet of marks would change, row by row."""

    asks = {
        "list": "marks.enter over own",
    }
    columns: ClassVar[Columns] = {
        "number": "pk", "sheet": "sheet", "row": "row", "paper_id": "paper", "student_id": "student",
        "component_id": "component", "name": "name",
        "was": "was", "now": "now", "said": "said", "action": "action", "errors": "errors",
    }  # fmt: skip
    out = shapes.MarkFileRowOut
    filters: ClassVar = {"action": Parameter(parameters.one_of(MarkFileRow.Action), "action")}
    export_name = "mark-file-rows"

    def rows(self) -> QuerySet[Any]:
        return selectors.mark_rows_of(selectors.mark_file_of(self.kwargs["id"], by=actor(self.request)))
