"""Enrolments: one student's, and many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access.errors import OutOfReach
from apps.accounts.api.authentication import actor
from apps.institutions.api.views.rows import ROSTERED
from apps.institutions.models import GradeLevel, Section
from apps.students import services
from apps.students.api import serializers as shapes
from apps.students.api.views.reach import reached_student
from apps.students.models import Enrolment, Student
from schoolops.api.errors import ValidationFailed
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, valid
from schoolops.errors import FieldError


class EnrolmentViewSet(RowViewSet):
    """A student's enrolments, newest first."""

    asks = {
        "list": "students.view over student",
        "retrieve": "students.view over student",
    }
    out = shapes.StudentEnrolmentOut
    not_visible = OutOfReach
    export_name = "enrolments"
    columns: ClassVar[Columns] = {
        **ROSTERED,
        "student_id": "student__sourced_id",
        "institution_id": "institution__sourced_id",
        "year_id": "year__sourced_id",
        "year_name": "year__name",
        "grade_level_id": "grade_level__sourced_id",
        "grade_level_name": "grade_level__name",
        **{name: name for name in ("entered_on", "entry_kind", "exited_on", "exit_kind", "primary")},
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"entered_on": ("-entered_on", "-id")}

    def rows(self) -> QuerySet[Any]:
        student = reached_student(self.request, self.kwargs["student"])
        found: QuerySet[Any] = Enrolment.objects.filter(student=student)
        return found


def enrolment_row(key: int) -> dict[str, Any]:
    columns = EnrolmentViewSet.columns
    (found,) = Enrolment.objects.filter(pk=key).values_list(*columns.values())
    return dict(zip(columns, found, strict=True))


class BulkEnrolmentViewSet(ApiViewSet):
    """Many enrolments at once."""

    asks = {
        "create": "students.manage over campus",
    }

    @extend_schema(
        summary="Enrol many students", request=shapes.BulkEnrolmentIn, responses={201: shapes.BulkEnrolmentOut}
    )
    def create(self, request: Request) -> HttpResponse:
        """Enrol students who are on the books into a year: all or none, each refused row named."""
        given = valid(shapes.BulkEnrolmentIn, request.data)
        enrolments = services.enrol_students(
            rows=_bulk_rows(given["records"]),
            year=given["year"],
            entered_on=given["entered_on"],
            entry_kind=given["entry_kind"],
            reason=given["reason"],
            by=actor(request),
        )
        return answer({"ids": [enrolment.sourced_id for enrolment in enrolments]}, status=201)


def _bulk_rows(records: Sequence[Mapping[str, Any]]) -> list[services.EnrolmentRow]:
    """The rows named by their ids, three queries for any number. Raises ``ValidationFailed`` naming unknown ids."""
    known: dict[str, dict[UUID, Any]] = {
        name: {row.sourced_id: row for row in rows.filter(sourced_id__in={record[name] for record in records})}
        for name, rows in (
            ("student_id", Student.objects.all()),
            ("grade_level_id", GradeLevel.objects.all()),
            ("section_id", Section.objects.select_related("grade_level")),
        )
    }
    unknown = [
        FieldError(f"records.{number}.{name}", "unknown_id", "There is nothing here by that id.")
        for number, each in enumerate(records)
        for name, found in known.items()
        if each[name] is not None and each[name] not in found
    ]
    if unknown:
        raise ValidationFailed(errors=unknown)
    return [
        services.EnrolmentRow(
            student=known["student_id"][record["student_id"]],
            grade_level=known["grade_level_id"][record["grade_level_id"]],
            section=known["section_id"].get(record["section_id"]),
            roll_number=record["roll_number"],
        )
        for record in records
    ]
