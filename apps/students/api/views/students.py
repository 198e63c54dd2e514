"""Students: lists, one, admission, changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.api.authentication import actor
from apps.institutions.api.views.rows import ROSTERED
from apps.students import selectors, services
from apps.students.api import serializers as shapes
from apps.students.api.views.reach import AS_OF, reached_student, reached_students
from apps.students.models import Enrolment, SectionMembership, Student
from schoolops import folding
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual, created, valid, with_version
from schoolops.rows import RowStatus
from schoolops.tenancy import compiled

# Of so many words that are looked for at once a statement is kept.
MOST_WORDS = 3


def _of_section(day: Any) -> dict[str, Subquery]:
    """What the section of ``day`` says, for each student: one row at most."""
    held = SectionMembership.objects.on(day).filter(student=OuterRef("pk")).order_by("-starts_on", "-id")
    return {
        "on_day_section_id": Subquery(held.values("section__sourced_id")[:1]),
        "on_day_section_name": Subquery(held.values("section__name")[:1]),
        "on_day_grade_level_name": Subquery(held.values("section__grade_level__name")[:1]),
    }


class StudentViewSet(RowViewSet):
    """Students in reach on `as_of`, without records that were merged into another."""

    asks = {
        "list": "students.view over student",
        "create": "students.manage over campus",
        "retrieve": "students.view over student",
        "change": "students.manage over student",
    }
    out = shapes.StudentOut
    not_visible = OutOfReach
    export_name = "students"
    columns: ClassVar[Columns] = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        **{
            name: name
            for name in (
                "admission_number",
                "given_name",
                "middle_name",
                "family_name",
                "preferred_name",
                "birth_date",
                "sex",
            )
        },
        "section_id": "on_day_section_id",
        "section_name": "on_day_section_name",
        "grade_level_name": "on_day_grade_level_name",
        "version": "version",
    }
    detail_columns: ClassVar[Columns] = {
        "email": "email",
        "phone": "phone",
        "address": "address",
        "photo": "photo",
        "user_id": "user__sourced_id",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "name": ("name_key", "id"),
        "admission_number": ("admission_number", "id"),
    }
    filters: ClassVar[Mapping[str, Parameter]] = {
        "institution_id": Parameter(parameters.public_id, "institution__sourced_id", "Of this institution."),
        "section_id": Parameter(parameters.public_id, None, "In this section on `as_of`."),
        "grade_level_id": Parameter(parameters.public_id, None, "Enrolled in this grade level on `as_of`."),
        "year_id": Parameter(
            parameters.public_id,
            lambda year: Q(pk__in=Enrolment.objects.filter(year__sourced_id=year).values("student")),
            "Enrolled in this academic year at any time.",
        ),
        "status": Parameter(parameters.one_of(RowStatus), "status", "With this status."),
        "enrolled": Parameter(parameters.yes_or_no, None, "Enrolled on `as_of`, or not."),
        "as_of": AS_OF,
        "q": Parameter(parameters.text, selectors.matching, "Any part of a name or admission number; every word."),
    }

    def rows(self) -> QuerySet[Any]:
        asked: Mapping[str, Any] = getattr(self, "asked", {})
        day = asked.get("as_of") or access.today(actor(self.request))
        user = actor(self.request)
        reach = reached_students(user, self.sees, day=day)
        found = Student.objects.filter(reach, *_on_the_day(asked, day), merged_into__isnull=True)
        listed: QuerySet[Any] = found.annotate(**_of_section(day))
        return listed

    usually_asked: ClassVar[frozenset[str]] = frozenset({"q"})

    def usual(self) -> Usual | None:
        user = actor(self.request)
        access.require(user, "students.view")
        words = folding.words_of(self.asked.get("q", ""))
        day = access.today(user)
        reach = access_rows.asked_reach(user, "students.view", "student", day=day)
        if reach is None or len(words) > MOST_WORDS:
            return None
        number = len(words)
        return Usual(
            (reach.shape, number),
            lambda: Student.objects.filter(
                reach.rows(), selectors.matching_asked(number), merged_into__isnull=True
            ).annotate(**_of_section(compiled.Parameter("day", compiled.DAY))),
            {**reach.values, "day": day, **{f"word-{each}": word for each, word in enumerate(words)}},
        )

    def row(self, condition: Q) -> dict[str, Any]:
        found = self._profile(condition) if self.action == "retrieve" else super().row(condition)
        found["photo"] = f"/api/v1/students/{found['id']}/photo" if found["photo"] else None
        user = actor(self.request)
        # Absent rather than null: whoever may not see it should not learn whether there is one.
        if "students.view_medical" in access_rows.permissions_of(user):
            reach = access.within_reach(user, "students.view_medical", "student", day=access.today(user))
            note = Student.objects.filter(reach, sourced_id=found["id"]).values_list("medical_note", flat=True).first()
            if note is not None:
                found["medical_note"] = note
        return found

    def _profile(self, condition: Q) -> dict[str, Any]:
        """The row from the cache, once the database has said that the user reaches it."""
        reached = self.rows().filter(condition).order_by().values_list("pk", flat=True).first()
        if reached is None:
            raise OutOfReach
        return selectors.profile_of(
            reached, access.today(actor(self.request)), read=lambda: super(StudentViewSet, self).row(Q(pk=reached))
        )

    @extend_schema(responses=shapes.StudentDetailOut, summary="A student")
    def retrieve(self, request: Request, id: UUID, **address: Any) -> HttpResponseBase:
        """One student, with the section of today. `medical_note` is there only for whoever may see it."""
        return super().retrieve(request, id, **address)

    @extend_schema(summary="Admit a student", request=shapes.AdmissionIn, responses={201: shapes.StudentDetailOut})
    def create(self, request: Request) -> HttpResponse:
        """Take a new student onto the books: student, enrolment, section and guardians, all or nothing."""
        given = valid(shapes.AdmissionIn, request.data)
        guardians = [
            services.AdmittedGuardian(each.get("guardian_id"), each.get("guardian", {}), each.get("link", {}))
            for each in given.pop("guardians")
        ]
        student, _ = services.admit_student(
            institution=given.pop("institution"),
            placement=services.Placement(**given.pop("enrolment")),
            guardians=guardians,
            reason=given.pop("reason"),
            fields=given,
            by=actor(request),
        )
        return created(request, self.row(Q(pk=student.pk)))

    @extend_schema(summary="Change a student", request=shapes.StudentIn, responses=shapes.StudentDetailOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent; the rest stays. Needs the version that was read."""
        student = reached_student(request, id, *self.sees)
        fields = valid(shapes.StudentIn, request.data, partial=True)
        fields.pop("version", None)
        services.change_student(
            student=student, fields=fields, expected_version=versions.expected(request), by=actor(request)
        )
        return with_version(self.row(Q(pk=student.pk)))


def _on_the_day(asked: Mapping[str, Any], day: dt.date) -> list[Q]:
    """The filters that mean a day."""
    found = []
    if section := asked.get("section_id"):
        members = SectionMembership.objects.on(day).filter(section__sourced_id=section)
        found.append(Q(pk__in=members.values("student")))
    enrolled = Enrolment.objects.on(day)
    if level := asked.get("grade_level_id"):
        found.append(Q(pk__in=enrolled.filter(grade_level__sourced_id=level).values("student")))
    if "enrolled" in asked:
        there = Q(pk__in=enrolled.values("student"))
        found.append(there if asked["enrolled"] else ~there)
    return found
