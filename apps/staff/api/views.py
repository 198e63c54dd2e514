"""The API of staff: who works here, whom they teach, and who stands in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.selectors import AskedCampuses
from apps.accounts.api.authentication import actor
from apps.institutions.api.views.rows import OF_INSTITUTION, ROSTERED, KeptRows
from apps.staff import selectors, services
from apps.staff.api import serializers as shapes
from apps.staff.models import StaffMember, Substitution, TeachingAssignment, holds_on, works_on
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, Usual, gone, valid, with_version
from schoolops.folding import in_column

NAMES = (
    "staff_number", "given_name", "family_name", "email", "phone", "job_title", "starts_on", "ends_on", "version",
)  # fmt: skip
GROUP: Columns = {
    "id": "sourced_id",
    "staff_id": "staff__sourced_id",
    "given_name": "staff__given_name",
    "family_name": "staff__family_name",
    "section_id": "section__sourced_id",
    "section_name": "section__name",
    "grade_level_name": "section__grade_level__name",
    "class_id": "course_class__sourced_id",
    "class_title": "course_class__title",
}
JOINED = (
    "staff__institution", "section__institution", "section__year", "course_class__institution", "course_class__year",
)  # fmt: skip
OF_STAFF = Parameter(parameters.public_id, "staff__sourced_id", "Of this member of staff.")
OF_SECTION = Parameter(parameters.public_id, "section__sourced_id", "In this section.")
OF_CLASS = Parameter(parameters.public_id, "course_class__sourced_id", "In this class.")
AT = Parameter(
    parameters.public_id,
    lambda at: Q(section__institution__sourced_id=at) | Q(course_class__institution__sourced_id=at),
    "In sections and classes of this institution.",
)


class StaffViewSet(KeptRows):
    """The people who work here."""

    asks = {
        "list": "staff.view over staff",
        "create": "staff.manage over campus",
        "retrieve": "staff.view over staff",
        "change": "staff.manage over campus",
    }
    model = StaffMember
    into = shapes.StaffIn
    out = shapes.StaffOut
    not_visible = OutOfReach
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "user_id": "user__sourced_id",
        **{name: name for name in NAMES},
    }
    sorts = {"name": ("name_key", "id"), "staff_number": ("staff_number", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "as_of": Parameter(parameters.day, works_on, "Working here on this day."),
        "q": Parameter(
            parameters.text,
            lambda words: in_column(F("searched"), words),
            "Any part of a name, number or e-mail; every word.",
        ),
    }
    export_name = "staff"

    def rows(self) -> QuerySet[Any]:
        user = actor(self.request)
        seen = access.by_any(user, self.sees, lambda each: selectors.staff_in_view(user, each))
        found: QuerySet[Any] = StaffMember.objects.filter(seen)
        return found

    def usual(self) -> Usual:
        asked = selectors.asked_staff(actor(self.request))
        return Usual(asked.limited, lambda: StaffMember.objects.filter(selectors.staff_in_view(asked)), asked.values)

    @extend_schema(summary="Add a member of staff", request=shapes.StaffIn, responses={201: shapes.StaffOut})
    def create(self, request: Request) -> HttpResponse:
        """Somebody who works at an institution, with or without a login."""
        fields = self.given(request)
        member = services.add_staff_member(institution=fields.pop("institution"), fields=fields, by=actor(request))
        return self.made(request, member)

    @extend_schema(summary="Change a member of staff", request=shapes.StaffChangeIn, responses=shapes.StaffOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent; needs the version that was read. With `ends_on`, what they teach ends that day too."""
        member = self.one(id)
        fields = valid(shapes.StaffChangeIn, request.data, partial=True)
        fields.pop("version", None)
        row = services.change_staff_member(
            member=member, fields=fields, expected_version=versions.expected(request), by=actor(request)
        )
        return with_version(self.row(Q(pk=row.pk)))


class AssignmentViewSet(KeptRows):
    """Who teaches which section or class."""

    asks = {
        "list": "staff.view over staff",
        "create": "staff.manage over campus",
        "retrieve": "staff.view over staff",
        "change": "staff.manage over campus",
        "remove": "staff.manage over campus",
    }
    model = TeachingAssignment
    into = shapes.AssignmentIn
    out = shapes.AssignmentOut
    not_visible = OutOfReach
    columns = {**GROUP, "kind": "kind", "starts_on": "starts_on", "ends_on": "ends_on"}
    sorts = {"starts_on": ("starts_on", "id")}
    filters = {
        "staff_id": OF_STAFF,
        "section_id": OF_SECTION,
        "class_id": OF_CLASS,
        "institution_id": AT,
        "kind": Parameter(parameters.one_of(TeachingAssignment.Kind), "kind", "Of this kind."),
        "as_of": Parameter(parameters.day, holds_on, "Holding on this day."),
    }
    export_name = "assignments"

    def rows(self) -> QuerySet[Any]:
        found: QuerySet[Any] = TeachingAssignment.objects.filter(staff__in=_of_staff(self))
        return found

    def usual(self) -> Usual:
        asked = selectors.asked_staff(actor(self.request))
        return Usual(asked.limited, lambda: TeachingAssignment.objects.filter(staff__in=_in_view(asked)), asked.values)

    @extend_schema(summary="Assign a teacher", request=shapes.AssignmentIn, responses={201: shapes.AssignmentOut})
    def create(self, request: Request) -> HttpResponse:
        """Let somebody teach a section or a class. Without `ends_on` until the year is over or they leave."""
        return self.made(request, services.assign_teacher(**self.given(request), by=actor(request)))

    @extend_schema(
        summary="Change or end an assignment", request=shapes.AssignmentChangeIn, responses=shapes.AssignmentOut
    )
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change the kind, or the day it ends. One that ends on the day it begins never held."""
        fields = valid(shapes.AssignmentChangeIn, request.data, partial=True)
        assignment = self.one(id, "staff")
        return self.as_read(services.change_assignment(assignment=assignment, fields=fields, by=actor(request)))

    @extend_schema(summary="Remove an assignment", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove an assignment that has not begun, or never held."""
        services.remove_assignment(assignment=self.one(id, "staff"), by=actor(request))
        return gone()


def _in_view(asked: AskedCampuses) -> QuerySet[Any, Any]:
    """Keys of the members of staff the user may see."""
    return StaffMember.objects.filter(selectors.staff_in_view(asked)).values("pk")


def _of_staff(view: KeptRows) -> QuerySet[Any, Any]:
    """The same for who reads, or has just written, a row about them."""
    by = actor(view.request)
    seen = access.by_any(by, view.sees, lambda each: selectors.staff_in_view(by, each))
    return StaffMember.objects.filter(seen).values("pk")


class AssignmentsOfStaffViewSet(AssignmentViewSet):
    """Whom one person teaches."""

    asks = {
        "list": "staff.view over staff",
    }
    filters = {name: each for name, each in AssignmentViewSet.filters.items() if name != "staff_id"}

    def rows(self) -> QuerySet[Any]:
        found = _of_staff(self).filter(sourced_id=self.kwargs["id"]).first()
        if found is None:
            raise self.not_visible
        assignments: QuerySet[Any] = TeachingAssignment.objects.filter(staff=found["pk"])
        return assignments


class SubstitutionViewSet(KeptRows):
    """Who stands in for whom, day by day."""

    asks = {
        "list": "staff.view over staff",
        "create": "staff.manage over campus",
        "retrieve": "staff.view over staff",
        "remove": "staff.manage over campus",
    }
    model = Substitution
    into = shapes.SubstitutionIn
    out = shapes.SubstitutionOut
    not_visible = OutOfReach
    columns = {**GROUP, "instead_of_id": "instead_of__sourced_id", "day": "day", "reason": "reason"}
    sorts = {"day": ("day", "id")}
    filters = {
        "day": Parameter(parameters.day, "day", "On this day."),
        "from": Parameter(parameters.day, "day__gte", "Not before this day."),
        "to": Parameter(parameters.day, "day__lte", "Not after this day."),
        "staff_id": Parameter(parameters.public_id, "staff__sourced_id", "This person stands in."),
        "instead_of_id": Parameter(parameters.public_id, "instead_of__sourced_id", "For this person."),
        "section_id": OF_SECTION,
        "class_id": OF_CLASS,
        "institution_id": AT,
    }
    export_name = "substitutions"

    def columns_here(self) -> Columns:
        # Why a colleague is away can be about their health: the office's to know.
        if "staff.manage" in access_rows.permissions_of(actor(self.request)):
            return self.columns
        return {name: column for name, column in self.columns.items() if name != "reason"}

    def rows(self) -> QuerySet[Any]:
        found: QuerySet[Any] = Substitution.objects.filter(staff__in=_of_staff(self))
        return found

    def usual(self) -> Usual:
        asked = selectors.asked_staff(actor(self.request))
        return Usual(asked.limited, lambda: Substitution.objects.filter(staff__in=_in_view(asked)), asked.values)

    @extend_schema(
        summary="Let somebody stand in", request=shapes.SubstitutionIn, responses={201: shapes.SubstitutionOut}
    )
    def create(self, request: Request) -> HttpResponse:
        """On that day, and on no other, they reach the section or class and its students."""
        return self.made(request, services.add_substitution(**self.given(request), by=actor(request)))

    @extend_schema(summary="Let nobody stand in after all", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Take a substitution back."""
        services.remove_substitution(substitution=self.one(id, *JOINED), by=actor(request))
        return gone()
