"""The API of rosters in and out."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject, NullIf
from django.http import FileResponse, HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.exchange import errors, selectors, services
from apps.exchange.api import serializers as shapes
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.reading.sheets import TEMPLATES
from apps.exchange.services.reading.staged import KINDS
from schoolops.api import exports, parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, valid
from schoolops.context import staying
from schoolops.resilience.heavy import heavy

AS = Parameter(parameters.one_of(tuple(exports.FORMATS)), None, "csv unless said.")
# What it was at when it stopped: one that was set aside was being applied.
STOP = Case(
    When(state=Import.State.STOPPED, then=JSONObject(at=Value(Import.State.APPLYING), why="why")),
    When(why__isnull=False, then=JSONObject(at="state", why="why")),
)
COLUMNS: Columns = {
    "id": "sourced_id", "kind": NullIf("source", Value("")), "file_name": "file_name", "state": "is_now",
    "stopped": STOP,
    "counts": "counts",
    "notes": "notes", "problem": "problem", "headers": "headers", "mapping": "mapping", "done": "done", "of": "of",
    "reading": "reading", "job_id": "job_id", "by": "by__username", "received_at": "received_at",
    "validated_at": "validated_at", "started_at": "started_at", "finished_at": "finished_at",
    "kept_until": "kept_until",
}  # fmt: skip


def shown(run: Import) -> dict[str, Any]:
    """An import as the API says it, in one query."""
    found = selectors.as_they_are(Import.objects.filter(pk=run.pk)).values_list(*COLUMNS.values())[0]
    return dict(zip(COLUMNS, found, strict=True))


class ImportViewSet(RowViewSet):
    """Imports, newest first."""

    asks = {
        "list": "imports.view over school",
        "create": "imports.run over school",
        "retrieve": "imports.view over school",
    }
    columns = COLUMNS
    out = shapes.ImportOut
    sorts: ClassVar = {"received_at": ("-received_at", "-id")}
    filters: ClassVar = {
        "state": Parameter(parameters.one_of(Import.State), "is_now"),
        "kind": Parameter(parameters.one_of(Import.Source), "source"),
    }
    not_visible = errors.ImportNotFound
    export_name = "imports"
    parser_classes = (MultiPartParser,)

    def rows(self) -> QuerySet[Any]:
        return selectors.imports_for(actor(self.request))

    @extend_schema(summary="Upload a roster", request=shapes.ImportIn, responses={202: shapes.ImportOut})
    def create(self, request: Request) -> HttpResponse:
        """Keep a file and let it be compared with what is there; nothing is changed before it is confirmed.

        Raises:
            FileTooLarge, NoFile, UnsupportedMedia, Malformed.
        """
        if not isinstance(request.FILES.get("file"), UploadedFile):
            raise errors.NoFile
        given = valid(shapes.ImportIn, request.data)
        file = given.pop("file")
        run = services.receive(file=file.file, name=file.name, by=actor(request), in_background=True, **given)
        return answer(shown(run), status=202, headers={"Location": f"/api/v1/imports/{run.sourced_id}"})


class RowsViewSet(RowViewSet):
    """What an import would change, or has changed, row by row."""

    asks = {
        "list": "imports.view over school",
    }
    columns: ClassVar[Columns] = {
        "number": "pk", "file": "file", "row": "row", "kind": "kind", "key": "key", "name": "name", "action": "action",
        "before": "before", "after": "after", "kept": "kept", "taken": "taken", "errors": "errors",
    }  # fmt: skip
    out = shapes.ImportRowOut
    filters: ClassVar = {
        "kind": Parameter(parameters.one_of(KINDS), "kind"),
        "action": Parameter(parameters.one_of(ImportRow.Action), "action"),
        "kept": Parameter(
            parameters.yes_or_no, lambda value: ~Q(kept={}) if value else Q(kept={}), "Where a person’s value stays."
        ),
        "q": Parameter(parameters.text, selectors.rows_named, "Name or id."),
    }
    export_name = "import-rows"

    def rows(self) -> QuerySet[Any]:
        run = selectors.import_of(self.kwargs["id"], by=actor(self.request))
        return selectors.rows_of(run)


class StepViewSet(ApiViewSet):
    """The steps of an import."""

    asks = {
        "errors": "imports.view over school",
        "map_headers": "imports.run over school",
        "confirm": "imports.run over school",
        "go_on": "imports.run over school",
        "undo": "imports.run over school",
    }

    @extend_schema(summary="What is wrong, as a file", responses={(200, "text/csv"): str}, parameters=[])
    @heavy
    def errors(self, request: Request, id: UUID) -> HttpResponseBase:
        """Every error of an import with file, row, column, code, message and remedy; `as=xlsx` for a spreadsheet."""
        asked = self.asked_for(request, **{"as": AS})
        run = selectors.import_of(id, by=actor(request))
        pages = staying(selectors.errors_of(run))
        return exports.FORMATS[asked.get("as", "csv")]("import-errors", selectors.ERROR_COLUMNS, pages)

    @extend_schema(summary="Say what the headers mean", request=shapes.MappingIn, responses={202: shapes.ImportOut})
    def map_headers(self, request: Request, id: UUID) -> HttpResponse:
        """For this file, which is read anew, and for the school's next ones."""
        run = selectors.import_of(id, by=actor(request))
        given = valid(shapes.MappingIn, request.data)
        run = services.map_headers(run=run, by=actor(request), in_background=True, **given)
        return answer(shown(run), status=202)

    @extend_schema(summary="Apply an import", request=shapes.ConfirmIn, responses={202: shapes.ImportOut})
    def confirm(self, request: Request, id: UUID) -> HttpResponse:
        """Let what was shown be done. One import at a time.

        Raises:
            ReadAnew: somebody mapped its headers or had it read again; `reading` says how often.
        """
        run = selectors.import_of(id, by=actor(request))
        given = valid(shapes.ConfirmIn, request.data)
        run = services.confirm(run=run, by=actor(request), in_background=True, **given)
        return answer(shown(run), status=202)

    @extend_schema(summary="Go on with an import", request=None, responses={202: shapes.ImportOut})
    def go_on(self, request: Request, id: UUID) -> HttpResponse:
        """One whose job came to nothing is read, applied or taken back from where it stopped."""
        run = selectors.import_of(id, by=actor(request))
        run = services.go_on(run=run, by=actor(request), in_background=True)
        return answer(shown(run), status=202)

    @extend_schema(summary="Take an import back", request=None, responses={202: shapes.ImportOut})
    def undo(self, request: Request, id: UUID) -> HttpResponse:
        """Everything it wrote, as long as nobody has changed any of it since."""
        run = selectors.import_of(id, by=actor(request))
        run = services.begin_undo(run=run, by=actor(request), in_background=True)
        return answer(shown(run), status=202)


class ExportViewSet(ApiViewSet):
    """The roster, written out."""

    asks = {
        "bundle": "exports.roster over school",
        "template": "exports.roster over school",
    }

    @extend_schema(summary="The roster as a OneRoster 1.2 bundle", responses={(200, "application/zip"): bytes})
    @heavy
    def bundle(self, request: Request) -> HttpResponseBase:
        """Everything in the years that are not closed; imported again, it changes nothing."""
        self.asked_for(request)
        file = services.bundle_file(by=actor(request))
        return FileResponse(file, as_attachment=True, filename="roster.zip", content_type="application/zip")

    @extend_schema(summary="A template, filled in", responses={(200, "text/csv"): str})
    @heavy
    def template(self, request: Request, kind: str) -> HttpResponseBase:
        """Students, guardians, staff or sections in the columns that an import reads; `empty=true`: the header alone.

        Raises:
            ImportNotFound.
        """
        asked = self.asked_for(request, **{"as": AS}, empty=Parameter(parameters.yes_or_no, None, "The header alone."))
        if kind not in TEMPLATES:
            raise errors.ImportNotFound
        pages = services.template_pages(source=kind, by=actor(request))
        headers = services.template_headers(kind)
        rows = iter(()) if asked.get("empty") else staying(pages)
        return exports.FORMATS[asked.get("as", "csv")](kind, headers, rows)
