"""Who is in a section or class."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.api.authentication import actor
from apps.institutions.models import CourseClass, Section
from apps.students import selectors, services
from apps.students.api import serializers as shapes
from apps.students.api.views.reach import AS_OF, reached_student
from apps.students.models import ClassEnrolment, Student
from schoolops.api.errors import ValidationFailed
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, answer, valid
from schoolops.errors import FieldError


class RosterViewSet(RowViewSet):
    """Who is in a section or class as of a day: of those, the ones the user reaches."""

    not_visible = OutOfReach
    export_name = "roster"
    kind: ClassVar[access_rows.Kind]
    model: ClassVar[Any]
    # From a row to its student, as the beginning of a path.
    to_student: ClassVar[str] = ""
    filters: ClassVar[Mapping[str, Parameter]] = {"as_of": AS_OF}

    def group(self, day: dt.date) -> Any:
        """The section or class of the address. Raises ``PermissionMissing``, ``OutOfReach``."""
        reach = access.within_reach(actor(self.request), "sections.view", self.kind, day=day)
        found = self.model.objects.filter(reach, sourced_id=self.kwargs["id"]).first()
        if found is None:
            raise OutOfReach
        return found

    @abstractmethod
    def listed(self, group: Any, day: dt.date) -> QuerySet[Any]:
        """The rows of the roster of ``group`` on ``day``."""

    def rows(self) -> QuerySet[Any]:
        day = self.asked.get("as_of") or access.today(actor(self.request))
        reach = access.within_reach(actor(self.request), "students.view", "student", day=day)
        found = self.listed(self.group(day), day)
        if reach == Q():
            return found
        # A guardian sees their own child on it and nobody else's.
        return found.filter(**{f"{self.to_student}pk__in": Student.objects.filter(reach).values("pk")})


NAMED = ("admission_number", "given_name", "middle_name", "family_name", "preferred_name")


class SectionRosterViewSet(RosterViewSet):
    """The students of a section on `as_of`, by roll number and name."""

    asks = {
        "list": "students.view over student",
    }
    out = shapes.RosterOut
    kind = "section"
    model = Section
    to_student = "student__"
    columns: ClassVar[Columns] = {
        "id": "student__sourced_id",
        **{name: f"student__{name}" for name in NAMED},
        "roll_number": "roll_number",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"roll_number": ("place", "student__name_key", "student_id")}

    def listed(self, group: Any, day: dt.date) -> QuerySet[Any]:
        # Whoever has no number comes after everybody who has.
        placed: QuerySet[Any] = selectors.members_of(group, day).annotate(place=Coalesce("roll_number", 2**15))
        return placed


class ClassRosterViewSet(RosterViewSet):
    """The students of a class on `as_of`, by name; of a whole section's class, that section's too."""

    asks = {
        "list": "students.view over student",
        "create": "students.manage over campus",
        "leave_class": "students.manage over campus",
    }
    out = shapes.ClassRosterOut
    kind = "class"
    model = CourseClass
    columns: ClassVar[Columns] = {"id": "sourced_id", **{name: name for name in NAMED}}
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"name": ("name_key", "id")}

    def listed(self, group: Any, day: dt.date) -> QuerySet[Any]:
        return Student.objects.filter(selectors.taught_in(group, day))

    @extend_schema(
        summary="Put students into a class", request=shapes.ClassPlacesIn, responses={201: shapes.ClassPlacesOut}
    )
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Let students be taught in this class from a day on: all or none, each refused one named."""
        taught = self._taught(request, id)
        given = valid(shapes.ClassPlacesIn, request.data)
        known = {row.sourced_id: row for row in Student.objects.filter(sourced_id__in=given["student_ids"])}
        unknown = [
            FieldError(f"student_ids.{number}", "unknown_id", "There is nothing here by that id.")
            for number, each in enumerate(given["student_ids"])
            if each not in known
        ]
        if unknown:
            raise ValidationFailed(errors=unknown)
        begun = services.enrol_in_class(
            course_class=taught,
            students=[known[each] for each in given["student_ids"]],
            starts_on=given["starts_on"],
            reason=given["reason"],
            by=actor(request),
        )
        return answer({"ids": [each.sourced_id for each in begun]}, status=201)

    @extend_schema(
        summary="Take a student out of a class", request=shapes.ClassPlaceEndIn, responses=shapes.ClassPlaceOut
    )
    def leave_class(self, request: Request, id: UUID, student: UUID) -> HttpResponse:
        """End a student's place in this class."""
        taught = self._taught(request, id)
        given = valid(shapes.ClassPlaceEndIn, request.data)
        place: ClassEnrolment = services.leave_class(
            course_class=taught,
            student=reached_student(request, student, *self.sees),
            on=given["ends_on"],
            reason=given["reason"],
            by=actor(request),
        )
        return answer(
            {
                "id": place.sourced_id,
                "student_id": student,
                "class_id": id,
                "starts_on": place.starts_on,
                "ends_on": place.ends_on,
            }
        )

    def _taught(self, request: Request, id: UUID) -> CourseClass:
        user = actor(request)
        day = access.today(user)
        seen = ("sections.view", self.permission)
        reach = access.by_any(user, seen, lambda each: access.within_reach(user, each, "class", day=day))
        found: CourseClass | None = (
            CourseClass.objects.select_related("institution", "year").filter(reach, sourced_id=id).first()
        )
        if found is None:
            raise OutOfReach
        return found
