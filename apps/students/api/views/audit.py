"""What was done to a student's record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db.models import QuerySet

from apps.students.api import serializers as shapes
from apps.students.api.views.reach import reached_student
from schoolops.api.viewsets import Columns, RowViewSet
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry


class AuditViewSet(RowViewSet):
    """Everything that was done to a student's record, newest first."""

    asks = {
        "list": "audit.view over student",
    }
    out = shapes.StudentAuditOut
    export_name = "audit"
    columns: ClassVar[Columns] = {
        name: name for name in ("at", "actor_id", "actor_name", "action", "before", "after", "reason", "request_id")
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"at": ("-id",)}

    def rows(self) -> QuerySet[AuditEntry]:
        student = reached_student(self.request, self.kwargs["id"], "audit.view")
        return trail.trail_of(student)
