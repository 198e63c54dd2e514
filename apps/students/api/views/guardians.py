"""Guardians, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.api.authentication import actor
from apps.institutions.api.views.rows import ROSTERED
from apps.students import services
from apps.students.api import serializers as shapes
from apps.students.api.views.reach import reached_student, reached_students
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.selectors import (
    contacts_shown_to,
    guardians_matching,
    guardians_of_all,
    guardians_shown_to,
    private_shown_to,
)
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual, answer, created, gone, valid, with_version
from schoolops.rows import RowStatus


class GuardianViewSet(RowViewSet):
    """Guardians of the students in reach; whoever reaches every student sees those without any too."""

    asks = {
        "list": "guardians.view over student",
        "create": "guardians.manage over everybody",
        "retrieve": "guardians.view over student",
        "change": "guardians.manage over student",
        "merge": "guardians.manage over student",
    }
    out = shapes.GuardianOut
    into = shapes.GuardianIn
    not_visible = OutOfReach
    export_name = "guardians"
    columns: ClassVar[Columns] = {
        **ROSTERED,
        **{name: name for name in ("given_name", "family_name", "email", "phone", "address", "language", "version")},
        "user_id": "user__sourced_id",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"name": ("name_key", "id")}
    filters: ClassVar[Mapping[str, Parameter]] = {
        "student_id": Parameter(
            parameters.public_id, None, "Of this student: those who may be called, and all for who sees restrictions."
        ),
        "status": Parameter(parameters.one_of(RowStatus), "status", "With this status."),
        "q": Parameter(
            parameters.text,
            guardians_matching,
            "Any part of a name, e-mail or phone number; every word.",
        ),
    }

    def rows(self) -> QuerySet[Any]:
        user = actor(self.request)
        day = access.today(user)
        reach = reached_students(user, self.sees, day=day)
        shown = access.by_any(user, self.sees, lambda each: guardians_shown_to(user, each, day))
        found: QuerySet[Any] = Guardian.objects.kept().filter(shown)
        student = getattr(self, "asked", {}).get("student_id")
        if student is None:
            return found
        whose = StudentGuardian.objects.filter(
            contacts_shown_to(user, day), student__in=Student.objects.filter(reach, sourced_id=student)
        )
        return found.filter(pk__in=whose.values("guardian"))

    def usual(self) -> Usual | None:
        user = actor(self.request)
        access.require(user, "guardians.view")
        custody = "students.view_custody"
        sees_all = custody in access_rows.permissions_of(user)
        asked = [access_rows.asked_reach(user, each, "student") for each in ("guardians.view", *[custody] * sees_all)]
        if not all(reach is not None and reach.everything for reach in asked):
            return None
        shown = Q() if sees_all else Q(restriction_note="")
        return Usual(sees_all, lambda: Guardian.objects.kept().filter(guardians_of_all(shown)), {})

    @extend_schema(summary="Add a guardian", request=shapes.GuardianIn, responses={201: shapes.GuardianOut})
    def create(self, request: Request) -> HttpResponse:
        """A guardian without any student yet: sees nothing."""
        fields = valid(shapes.GuardianIn, request.data)
        fields.pop("version", None)
        guardian = services.add_guardian(fields=fields, by=actor(request))
        return created(request, self._own(guardian))

    @extend_schema(summary="Change a guardian", request=shapes.GuardianIn, responses=shapes.GuardianOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent; the rest stays. Needs the version that was read."""
        guardian = self.rows().filter(sourced_id=id).first()
        if guardian is None:
            raise OutOfReach
        fields = valid(shapes.GuardianIn, request.data, partial=True)
        fields.pop("version", None)
        services.change_guardian(
            guardian=guardian, fields=fields, expected_version=versions.expected(request), by=actor(request)
        )
        return with_version(self._own(guardian))

    @extend_schema(
        summary="Merge a duplicate into this guardian",
        request=shapes.GuardianMergeIn,
        responses=shapes.GuardianMergeOut,
    )
    def merge(self, request: Request, id: UUID) -> HttpResponse:
        """Let this record be the guardian of all children of both; the other stays for its history.

        What either record withholds stays withheld. With `look` nothing is done, and the answer says what would be.
        """
        guardian = self.rows().filter(sourced_id=id).first()
        if guardian is None:
            raise OutOfReach
        access.require(actor(request), "guardians.manage")
        given = valid(shapes.GuardianMergeIn, request.data)
        other = self.rows().filter(sourced_id=given["duplicate_id"]).first()
        if other is None:
            raise OutOfReach
        pair = {"keep": guardian, "duplicate": other, "take": given["take"], "by": actor(request)}
        if given["look"]:
            done = services.look_at_merging_guardians(**pair)
        else:
            done = services.merge_guardians(**pair, reason=given["reason"])
        return answer(
            {
                "id": done.kept.sourced_id,
                "duplicate_id": done.duplicate.sourced_id,
                "moved": {kind: {"moved": each.moved, "left": each.left} for kind, each in done.by_kind.items()},
                "filled": done.filled,
                "kept_apart": done.kept_apart,
                "closed": [
                    {"student_id": each.link.student.sourced_id, "name": str(each.link.student), "less_in": each.fields}
                    for each in done.closed
                ],
            }
        )

    def _own(self, guardian: Guardian) -> dict[str, Any]:
        """The row just written, though nobody links to it yet."""
        (found,) = Guardian.objects.filter(pk=guardian.pk).values_list(*self.columns.values())
        return dict(zip(self.columns, found, strict=True))


class LinkViewSet(RowViewSet):
    """A student's guardians, in the order in which they are called; the barred only for who sees restrictions."""

    asks = {
        "list": "guardians.view over student",
        "create": "guardians.manage over student",
        "retrieve": "guardians.view over student",
        "change": "guardians.manage over student",
        "remove": "guardians.manage over student",
    }
    out = shapes.GuardianLinkOut
    not_visible = OutOfReach
    export_name = "guardians"
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "guardian_id": "guardian__sourced_id",
        "given_name": "guardian__given_name",
        "family_name": "guardian__family_name",
        "email": "guardian__email",
        "phone": "guardian__phone",
        **{
            name: name
            for name in (
                "relation",
                "legal_guardian",
                "lives_with",
                "emergency_contact",
                "contact_priority",
                "data_access",
                "receives_invoices",
                "channels",
            )
        },
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"contact_priority": ("contact_priority", "id")}

    def columns_here(self) -> Columns:
        user = actor(self.request)
        shown = private_shown_to(user, StudentGuardian, Q(sourced_id=self.kwargs["student"]), access.today(user))
        return {**self.columns, **{name: name for name in shown}}

    def rows(self) -> QuerySet[Any]:
        user = actor(self.request)
        student = reached_student(self.request, self.kwargs["student"], *self.sees)
        found: QuerySet[Any] = StudentGuardian.objects.filter(
            contacts_shown_to(user, access.today(user)), student=student
        )
        return found

    def _one(self, id: UUID) -> StudentGuardian:
        found: StudentGuardian | None = self.rows().select_related("student", "guardian").filter(sourced_id=id).first()
        if found is None:
            raise OutOfReach
        return found

    @extend_schema(summary="Link a guardian", request=shapes.GuardianLinkIn, responses={201: shapes.GuardianLinkOut})
    def create(self, request: Request, student: UUID) -> HttpResponse:
        """Let a guardian be one of this student's; without a priority they are called last."""
        fields = valid(shapes.GuardianLinkIn, request.data)
        link = services.link_guardian(
            student=reached_student(request, student, *self.sees),
            guardian=fields.pop("guardian"),
            fields=fields,
            by=actor(request),
        )
        return created(request, self.row(Q(pk=link.pk)))

    @extend_schema(summary="Change a link", request=shapes.GuardianLinkFields, responses=shapes.GuardianLinkOut)
    def change(self, request: Request, student: UUID, id: UUID) -> HttpResponse:
        """Change what the guardian is to the student and may see. A priority that is taken is exchanged."""
        fields = valid(shapes.GuardianLinkFields, request.data, partial=True)
        link = services.change_guardian_link(link=self._one(id), fields=fields, by=actor(request))
        return answer(self.row(Q(pk=link.pk)))

    @extend_schema(summary="Remove a link", responses={204: None})
    def remove(self, request: Request, student: UUID, id: UUID) -> HttpResponse:
        """Let the guardian no longer be one of this student's."""
        services.unlink_guardian(link=self._one(id), by=actor(request))
        return gone()
