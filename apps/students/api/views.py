"""The API of students, their guardians and enrolments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.api.views import picture_response
from apps.institutions.models import CourseClass, GradeLevel, Section
from apps.students import errors, selectors, services
from apps.students.api import serializers as shapes
from apps.students.models import (
    ClassEnrolment,
    Enrolment,
    Guardian,
    SectionMembership,
    Student,
    StudentGuardian,
    holds_on,
)
from schoolops.api import parameters, versions
from schoolops.api.errors import ValidationFailed
from schoolops.api.parameters import Parameter
from schoolops.api.parsers import PictureParser, sent_picture
from schoolops.api.viewsets import (
    ApiViewSet,
    Columns,
    RowViewSet,
    answer,
    created,
    gone,
    valid,
    with_version,
)
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.errors import FieldError
from schoolops.rows import RowStatus

AS_OF = Parameter(parameters.day, None, "As of this day; today unless said.")
ROSTERED: Columns = {"id": "sourced_id", "status": "status", "date_last_modified": "date_last_modified"}


def actor(request: Request) -> User:
    """Who asks; the door (``LoggedIn``) let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type
    return request.user


def reached_student(request: Request, id: UUID, permission: str = "students.view") -> Student:
    """The student by that id, if the user reaches them today. Raises ``PermissionMissing``, ``OutOfReach``."""
    reach = access.within_reach(actor(request), permission, "student", day=access.today(actor(request)))
    found: Student | None = Student.objects.filter(reach, sourced_id=id).first()
    if found is None:
        raise OutOfReach
    return found


def _of_section(day: dt.date) -> dict[str, Subquery]:
    """What the section of ``day`` says, for each student: one row at most."""
    held = SectionMembership.objects.filter(holds_on(day), student=OuterRef("pk")).order_by("-starts_on", "-id")
    return {
        "on_day_section_id": Subquery(held.values("section__sourced_id")[:1]),
        "on_day_section_name": Subquery(held.values("section__name")[:1]),
        "on_day_grade_level_name": Subquery(held.values("section__grade_level__name")[:1]),
    }


class StudentViewSet(RowViewSet):
    """Students in reach on `as_of`, without records that were merged into another."""

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
        "name": ("family_name", "given_name", "id"),
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
        reach = access.within_reach(actor(self.request), "students.view", "student", day=day)
        found = Student.objects.filter(reach, *_on_the_day(asked, day), merged_into__isnull=True)
        listed: QuerySet[Any] = found.annotate(**_of_section(day))
        return listed

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
        student = reached_student(request, id)
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
        members = SectionMembership.objects.filter(holds_on(day), section__sourced_id=section)
        found.append(Q(pk__in=members.values("student")))
    enrolled = Enrolment.objects.filter(
        Q(exited_on__isnull=True) | Q(exited_on__gt=day), entered_on__lte=day, primary=True
    )
    if level := asked.get("grade_level_id"):
        found.append(Q(pk__in=enrolled.filter(grade_level__sourced_id=level).values("student")))
    if "enrolled" in asked:
        there = Q(pk__in=enrolled.values("student"))
        found.append(there if asked["enrolled"] else ~there)
    return found


class LifeViewSet(ApiViewSet):
    """What happens to a student: moving, leaving, coming back, two records becoming one."""

    @extend_schema(summary="Withdraw a student", request=shapes.WithdrawIn, responses=shapes.StudentEnrolmentOut)
    def withdraw(self, request: Request, id: UUID) -> HttpResponse:
        """End the enrolment; sections and classes end with it."""
        student = reached_student(request, id)
        given = valid(shapes.WithdrawIn, request.data)
        ended = services.withdraw_student(
            student=student,
            on=given["exited_on"],
            exit_kind=given["exit_kind"],
            reason=given["reason"],
            by=actor(request),
        )
        return answer(_enrolment(ended.pk))

    @extend_schema(summary="Re-enrol a student", request=shapes.ReEnrolIn, responses={201: shapes.StudentEnrolmentOut})
    def re_enrol(self, request: Request, id: UUID) -> HttpResponse:
        """Enrol a student who is on the books already: back, promoted or retained."""
        student = reached_student(request, id)
        given = valid(shapes.ReEnrolIn, request.data)
        reason = given.pop("reason")
        placement = services.Placement(**{"entry_kind": Enrolment.Entry.RETURNED, **given})
        begun = services.re_enrol_student(student=student, placement=placement, reason=reason, by=actor(request))
        row = _enrolment(begun.pk)
        return created(request, row, at=f"/api/v1/students/{id}/enrolments/{row['id']}")

    @extend_schema(summary="Move to another section", request=shapes.MoveIn, responses=shapes.MembershipOut)
    def move_section(self, request: Request, id: UUID) -> HttpResponse:
        """From a day on, let the student belong to another section. The enrolment stays the same one."""
        student = reached_student(request, id)
        given = valid(shapes.MoveIn, request.data)
        begun = services.move_section(
            student=student,
            section=given["section"],
            on=given["starts_on"],
            roll_number=given.get("roll_number"),
            reason=given["reason"],
            by=actor(request),
        )
        return answer(
            {
                "id": begun.sourced_id,
                "section_id": given["section"].sourced_id,
                "starts_on": begun.starts_on,
                "ends_on": begun.ends_on,
                "roll_number": begun.roll_number,
            }
        )

    @extend_schema(
        summary="Merge a duplicate into this student", request=shapes.MergeIn, responses=shapes.StudentMergeOut
    )
    def merge(self, request: Request, id: UUID) -> HttpResponse:
        """Let this record have everything the other has, where it does not clash; the other stays for its history."""
        student = reached_student(request, id)
        given = valid(shapes.MergeIn, request.data)
        outcome = services.merge_students(
            keep=student, duplicate=given["duplicate_id"], reason=given["reason"], by=actor(request)
        )
        return answer(
            {
                "id": outcome.kept.sourced_id,
                "duplicate_id": outcome.duplicate.sourced_id,
                "moved": {kind: {"moved": each.moved, "left": each.left} for kind, each in outcome.by_kind.items()},
            }
        )


class PhotoViewSet(ApiViewSet):
    """A student's photo: for whoever may see the student."""

    parser_classes = (PictureParser,)

    @extend_schema(summary="A student's photo", responses={(200, "image/*"): bytes})
    def retrieve(self, request: Request, id: UUID) -> HttpResponseBase:
        """The picture."""
        self.asked_for(request)
        student = reached_student(request, id)
        if not student.photo:
            raise errors.NoPhoto
        return picture_response(student.photo, public=False)

    @extend_schema(summary="Set the photo", request={"image/*": bytes}, responses={204: None})
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Keep the body as the photo: a JPEG, PNG or WebP picture of at most 1 MB."""
        services.set_photo(student=reached_student(request, id), content=sent_picture(request), by=actor(request))
        return gone()

    @extend_schema(summary="Remove the photo", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Forget the photo."""
        services.remove_photo(student=reached_student(request, id), by=actor(request))
        return gone()


class EnrolmentViewSet(RowViewSet):
    """A student's enrolments, newest first."""

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


def _enrolment(key: int) -> dict[str, Any]:
    columns = EnrolmentViewSet.columns
    (found,) = Enrolment.objects.filter(pk=key).values_list(*columns.values())
    return dict(zip(columns, found, strict=True))


class BulkEnrolmentViewSet(ApiViewSet):
    """Many enrolments at once."""

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
        return answer({"ids": [each.sourced_id for each in enrolments]}, status=201)


def _bulk_rows(records: Sequence[Mapping[str, Any]]) -> list[services.EnrolmentRow]:
    """The rows named by their ids, three queries for any number. Raises ``ValidationFailed`` naming unknown ids."""
    known: dict[str, dict[UUID, Any]] = {
        name: {row.sourced_id: row for row in rows.filter(sourced_id__in={each[name] for each in records})}
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
            student=known["student_id"][each["student_id"]],
            grade_level=known["grade_level_id"][each["grade_level_id"]],
            section=known["section_id"].get(each["section_id"]),
            roll_number=each["roll_number"],
        )
        for each in records
    ]


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

    def listed(self, group: Any, day: dt.date) -> QuerySet[Any]:
        """The rows of the roster of ``group`` on ``day``."""
        raise NotImplementedError

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

    out = shapes.RosterOut
    kind = "section"
    model = Section
    to_student = "student__"
    columns: ClassVar[Columns] = {
        "id": "student__sourced_id",
        **{name: f"student__{name}" for name in NAMED},
        "roll_number": "roll_number",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "roll_number": ("place", "student__family_name", "student__given_name", "student_id")
    }

    def listed(self, group: Any, day: dt.date) -> QuerySet[Any]:
        # Whoever has no number comes after everybody who has.
        placed: QuerySet[Any] = selectors.members_of(group, day).annotate(place=Coalesce("roll_number", 2**15))
        return placed


class ClassRosterViewSet(RosterViewSet):
    """The students of a class on `as_of`, by name; of a whole section's class, that section's too."""

    out = shapes.ClassRosterOut
    kind = "class"
    model = CourseClass
    columns: ClassVar[Columns] = {"id": "sourced_id", **{name: name for name in NAMED}}
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"name": ("family_name", "given_name", "id")}

    def listed(self, group: Any, day: dt.date) -> QuerySet[Any]:
        return Student.objects.filter(selectors.taught_in(group, day))

    @extend_schema(
        summary="Put students into a class", request=shapes.ClassPlacesIn, responses={201: shapes.ClassPlacesOut}
    )
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Let students be taught in this class from a day on: all or none, each refused one named."""
        taught = _taught(request, id)
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
        taught = _taught(request, id)
        given = valid(shapes.ClassPlaceEndIn, request.data)
        place: ClassEnrolment = services.leave_class(
            course_class=taught,
            student=reached_student(request, student),
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


def _taught(request: Request, id: UUID) -> CourseClass:
    reach = access.within_reach(actor(request), "sections.view", "class", day=access.today(actor(request)))
    found: CourseClass | None = (
        CourseClass.objects.select_related("institution", "year").filter(reach, sourced_id=id).first()
    )
    if found is None:
        raise OutOfReach
    return found


class GuardianViewSet(RowViewSet):
    """Guardians of the students in reach; whoever reaches every student sees those without any too."""

    out = shapes.GuardianOut
    into = shapes.GuardianIn
    not_visible = OutOfReach
    export_name = "guardians"
    columns: ClassVar[Columns] = {
        **ROSTERED,
        **{name: name for name in ("given_name", "family_name", "email", "phone", "address", "language", "version")},
        "user_id": "user__sourced_id",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"name": ("family_name", "given_name", "id")}
    filters: ClassVar[Mapping[str, Parameter]] = {
        "student_id": Parameter(
            parameters.public_id,
            lambda student: Q(pk__in=StudentGuardian.objects.filter(student__sourced_id=student).values("guardian")),
            "Of this student.",
        ),
        "status": Parameter(parameters.one_of(RowStatus), "status", "With this status."),
        "q": Parameter(
            parameters.text,
            lambda words: (
                Q(given_name__icontains=words)
                | Q(family_name__icontains=words)
                | Q(email__icontains=words)
                | Q(phone__icontains=words)
            ),
            "Part of a name, e-mail or phone number.",
        ),
    }

    def rows(self) -> QuerySet[Any]:
        reach = access.within_reach(
            actor(self.request), "guardians.view", "student", day=access.today(actor(self.request))
        )
        found: QuerySet[Any] = Guardian.objects.all()
        if reach == Q():
            return found
        links = StudentGuardian.objects.filter(student__in=Student.objects.filter(reach).values("pk"))
        return found.filter(pk__in=links.values("guardian"))

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

    def _own(self, guardian: Guardian) -> dict[str, Any]:
        """The row just written, though nobody links to it yet."""
        (found,) = Guardian.objects.filter(pk=guardian.pk).values_list(*self.columns.values())
        return dict(zip(self.columns, found, strict=True))


class LinkViewSet(RowViewSet):
    """A student's guardians, in the order in which they are called."""

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
        if "students.view_custody" in access_rows.permissions_of(actor(self.request)):
            return {**self.columns, "restriction_note": "restriction_note"}
        return self.columns

    def rows(self) -> QuerySet[Any]:
        student = reached_student(self.request, self.kwargs["student"], "guardians.view")
        found: QuerySet[Any] = StudentGuardian.objects.filter(student=student)
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
            student=reached_student(request, student, "guardians.view"),
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


class AuditViewSet(RowViewSet):
    """Everything that was done to a student's record, newest first."""

    out = shapes.StudentAuditOut
    export_name = "audit"
    columns: ClassVar[Columns] = {
        name: name for name in ("at", "actor_id", "actor_name", "action", "before", "after", "reason", "request_id")
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"at": ("-id",)}

    def rows(self) -> QuerySet[AuditEntry]:
        student = reached_student(self.request, self.kwargs["id"], "audit.view")
        return trail.trail_of(student)
