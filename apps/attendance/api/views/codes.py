"""Attendance codes."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.attendance import services
from apps.attendance.api import serializers as s
from apps.attendance.errors import CodeNotFound
from apps.attendance.models import AttendanceCode
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual, created, valid, with_version


class CodeViewSet(RowViewSet):
    """Attendance codes, retired ones included."""

    asks = {
        "list": "attendance.view over everybody",
        "create": "attendance.configure over school",
        "retrieve": "attendance.view over everybody",
        "change": "attendance.configure over school",
    }
    out = s.AttendanceCodeOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **{
            name: name
            for name in (
                "code",
                "name",
                "direction",
                "state",
                "excused",
                "late",
                "teacher_selectable",
                "default",
                "retired",
                "position",
                "version",
            )
        },
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"position": ("position", "id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "retired": Parameter(parameters.yes_or_no, where="retired", about="Only those retired, or only the others.")
    }
    not_visible = CodeNotFound
    export_name = "attendance-codes"

    def rows(self) -> QuerySet[Any]:
        access.require(actor(self.request), self.permission)
        return AttendanceCode.objects.all()

    def usual(self) -> Usual:
        access.require(actor(self.request), self.permission)
        return Usual((), AttendanceCode.objects.all, {})

    @extend_schema(summary="Add a code", request=s.AttendanceCodeIn, responses={201: s.AttendanceCodeOut})
    def create(self, request: Request) -> HttpResponse:
        """A new default takes the place of the old one."""
        code = services.add_code(values=valid(s.AttendanceCodeIn, request.data), by=actor(request))
        return created(request, self.row(Q(pk=code.pk)))

    @extend_schema(summary="Change or retire a code", request=s.AttendanceCodeIn, responses=s.AttendanceCodeOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """What a code counts as stays once records name it: retire it and add another."""
        code = services.change_code(
            code=id,
            values=valid(s.AttendanceCodeIn, request.data, partial=True),
            expected_version=versions.expected(request),
            by=actor(request),
        )
        return with_version(self.row(Q(pk=code.pk)))
