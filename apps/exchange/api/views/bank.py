"""The API of bank statements: a file is sent and read; its lines are taken once somebody confirms whose they are."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.access.api.lists import CampusRows
from apps.accounts.api.authentication import actor
from apps.exchange import errors, services
from apps.exchange.api import serializers as shapes
from apps.fees import selectors as fees
from apps.fees import services as taking
from apps.fees.errors import BankLineUnknown, BankStatementUnknown
from apps.fees.models import BankLine, BankStatement
from schoolops import money
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, answer, valid

INSTITUTION = Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only.")


class BankStatementViewSet(CampusRows):
    """Files of banks, the latest first. Each is read by a job; its lines wait until somebody says whose they are."""

    asks = {
        "list": "fees.collect over campus",
        "create": "fees.collect over campus",
        "retrieve": "fees.collect over campus",
        "map_headers": "fees.collect over campus",
        "confirm": "fees.collect over campus",
    }
    parser_classes = (MultiPartParser,)
    out = shapes.BankStatementOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "institution_id": "institution__sourced_id",
        **{
            name: name
            for name in (
                "file_name", "state", "account", "counts", "notes", "errors", "problem", "headers", "mapping",
                "day_order", "job_id", "received_at", "read_at",
            )
        },
    }  # fmt: skip
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "state": Parameter(parameters.one_of(BankStatement.State), where="state", about="How far it is."),
    }
    not_visible = BankStatementUnknown
    export_name = "bank-statements"
    seen = staticmethod(fees.statements_seen)

    def row(self, condition: Q) -> dict[str, Any]:
        """With how many lines have which state, and what would be confirmed."""
        found = super().row(condition)
        statement = BankStatement.objects.select_related("institution").get(sourced_id=found["id"])
        sums = fees.sums_of(statement)
        total = money.shown(sums["total"], statement.institution.currency)
        return {**found, "lines": sums["states"], "sure": sums["sure"], "sure_total": total}

    @extend_schema(
        summary="Send a bank statement",
        request={"multipart/form-data": shapes.BankStatementIn},
        responses={202: shapes.BankStatementWholeOut},
    )
    def create(self, request: Request) -> HttpResponse:
        """Keep a file and let it be read; no money is taken before it is confirmed. The same file again is the one that
        is there.

        Raises:
            FileTooLarge, NoFile, UnsupportedMedia, Malformed.
        """
        if not isinstance(request.FILES.get("file"), UploadedFile):
            raise errors.NoFile
        given = valid(shapes.BankStatementIn, request.data)
        file = given.pop("file")
        row = services.receive_statement(file=file.file, name=file.name, by=actor(request), **given)
        where = {"Location": f"/api/v1/bank-statements/{row.sourced_id}"}
        return answer(self.row(Q(pk=row.pk)), status=202, headers=where)

    @extend_schema(summary="A bank statement", responses=shapes.BankStatementWholeOut)
    def retrieve(self, request: Request, id: UUID, **_address: Any) -> HttpResponse:
        """How far it is, and what would be taken if it were confirmed now."""
        self.asked_for(request)
        return answer(self.row(Q(sourced_id=id)))

    @extend_schema(
        summary="Map a bank’s columns", request=shapes.BankMappingIn, responses={202: shapes.BankStatementWholeOut}
    )
    def map_headers(self, request: Request, id: UUID) -> HttpResponse:
        """Say what its columns hold, for this file and the school's next ones; it is read again."""
        by = actor(request)
        row = fees.statement_at(id, by=by)
        services.map_statement(statement=row, **valid(shapes.BankMappingIn, request.data), by=by)
        return answer(self.row(Q(pk=row.pk)), status=202)

    @extend_schema(
        summary="Take the sure lines", request=shapes.BankConfirmIn, responses={202: shapes.BankStatementWholeOut}
    )
    def confirm(self, request: Request, id: UUID) -> HttpResponse:
        """Let a job take the lines whose proposals are sure. Where they come to another sum by now, it is refused."""
        by = actor(request)
        row = fees.statement_at(id, by=by)
        taking.confirm_lines(statement=row, **valid(shapes.BankConfirmIn, request.data), by=by)
        return answer(self.row(Q(pk=row.pk)), status=202)


class BankLineViewSet(CampusRows):
    """What banks say came in: whose it may be, and what was taken of it. What acts needs an `Idempotency-Key`."""

    asks = {
        "list": "fees.collect over campus",
        "retrieve": "fees.collect over campus",
        "take": "fees.collect over campus",
        "settle": "fees.collect over campus",
        "set_aside": "fees.collect over campus",
        "take_up_again": "fees.collect over campus",
    }
    idempotency_key_required = True
    out = shapes.BankLineOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "statement_id": "statement__sourced_id",
        "institution_id": "institution__sourced_id",
        **{name: name for name in ("row", "day", "currency", "payer", "text", "reference", "state", "confidence")},
        "amount": money.as_said(),
        **{name: name for name in ("proposal", "problem", "payments", "reason")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"oldest": ("id",), "newest": ("-id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "statement_id": Parameter(parameters.public_id, where="statement__sourced_id", about="Of one file."),
        "state": Parameter(parameters.one_of(BankLine.State), where="state", about="What became of it."),
    }
    not_visible = BankLineUnknown
    export_name = "bank-lines"
    seen = staticmethod(fees.bank_lines_seen)

    @extend_schema(summary="Take a bank line", request=shapes.BankLineTakeIn, responses=shapes.BankLineOut)
    def take(self, request: Request, id: UUID) -> HttpResponse:
        """For the students who are said, or as it is proposed: a payment for each; needs an `Idempotency-Key`."""
        by = actor(request)
        given = valid(shapes.BankLineTakeIn, request.data).get("parts", ())
        parts = [
            taking.Share(each["student_id"], each["amount"], [taking.Pays(**pays) for pays in each.get("pays", ())])
            for each in given
        ]
        row = taking.take_line(line=fees.bank_line_at(id, by=by), parts=parts, by=by)
        return answer(self.row(Q(pk=row.pk)))

    @extend_schema(summary="Settle a bank line", request=shapes.BankLineSettleIn, responses=shapes.BankLineOut)
    def settle(self, request: Request, id: UUID) -> HttpResponse:
        """It is a transfer that was entered by hand: nothing more is taken; needs an `Idempotency-Key`."""
        by = actor(request)
        given = valid(shapes.BankLineSettleIn, request.data)
        row = taking.settle_line(line=fees.bank_line_at(id, by=by), payment=given["payment_id"], by=by)
        return answer(self.row(Q(pk=row.pk)))

    @extend_schema(summary="Set a bank line aside", request=shapes.BankLineAsideIn, responses=shapes.BankLineOut)
    def set_aside(self, request: Request, id: UUID) -> HttpResponse:
        """It is no fee of anybody, and waits no more; needs an `Idempotency-Key`."""
        by = actor(request)
        given = valid(shapes.BankLineAsideIn, request.data)
        row = taking.set_line_aside(line=fees.bank_line_at(id, by=by), reason=given["reason"], by=by)
        return answer(self.row(Q(pk=row.pk)))

    @extend_schema(summary="Take a bank line up again", request=None, responses=shapes.BankLineOut)
    def take_up_again(self, request: Request, id: UUID) -> HttpResponse:
        """It was set aside, or what was taken of it was undone: it waits once more; needs an `Idempotency-Key`."""
        by = actor(request)
        row = taking.take_line_up_again(line=fees.bank_line_at(id, by=by), by=by)
        return answer(self.row(Q(pk=row.pk)))
