"""What happens to a student."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.accounts.models import User
from apps.students import selectors, services
from apps.students.api import serializers as shapes
from apps.students.api.views.enrolments import enrolment_row
from apps.students.api.views.reach import reached_student
from apps.students.models import Enrolment, Student, StudentGuardian
from schoolops.api.viewsets import ApiViewSet, answer, created, valid


class LifeViewSet(ApiViewSet):
    """What happens to a student: moving, leaving, coming back, two records becoming one."""

    asks = {
        "withdraw": "students.manage over student",
        "re_enrol": "students.manage over campus",
        "move_section": "students.manage over campus",
        "merge": "students.merge over student",
    }

    @extend_schema(summary="Withdraw a student", request=shapes.WithdrawIn, responses=shapes.StudentEnrolmentOut)
    def withdraw(self, request: Request, id: UUID) -> HttpResponse:
        """End the enrolment; sections and classes end with it."""
        student = reached_student(request, id, "students.view", self.permission)
        given = valid(shapes.WithdrawIn, request.data)
        ended = services.withdraw_student(
            student=student,
            on=given["exited_on"],
            exit_kind=given["exit_kind"],
            reason=given["reason"],
            by=actor(request),
        )
        return answer(enrolment_row(ended.pk))

    @extend_schema(summary="Re-enrol a student", request=shapes.ReEnrolIn, responses={201: shapes.StudentEnrolmentOut})
    def re_enrol(self, request: Request, id: UUID) -> HttpResponse:
        """Enrol a student who is on the books already: back, promoted or retained."""
        student = reached_student(request, id, "students.view", self.permission)
        given = valid(shapes.ReEnrolIn, request.data)
        reason = given.pop("reason")
        placement = services.Placement(**{"entry_kind": Enrolment.Entry.RETURNED, **given})
        begun = services.re_enrol_student(student=student, placement=placement, reason=reason, by=actor(request))
        row = enrolment_row(begun.pk)
        return created(request, row, at=f"/api/v1/students/{id}/enrolments/{row['id']}")

    @extend_schema(summary="Move to another section", request=shapes.MoveIn, responses=shapes.MembershipOut)
    def move_section(self, request: Request, id: UUID) -> HttpResponse:
        """From a day on, let the student belong to another section. The enrolment stays the same one."""
        student = reached_student(request, id, "students.view", self.permission)
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
        """Let this record have everything the other has, where it does not clash; the other stays for its history.

        Nobody sees more than before: the answer names what was joined, what stays apart, and whose access was closed.
        """
        student = reached_student(request, id, "students.view", self.permission)
        given = valid(shapes.MergeIn, request.data)
        outcome = services.merge_students(
            keep=student, duplicate=given["duplicate_id"], reason=given["reason"], by=actor(request)
        )
        return answer(_said(outcome, by=actor(request)))


def _said(outcome: services.MergeOutcome, *, by: User) -> dict[str, Any]:
    """What became of two records, without what whoever asks may not see of them."""
    day = access.today(by)
    shown = StudentGuardian.objects.filter(
        selectors.contacts_shown_to(by, day), pk__in=[each.link.pk for each in outcome.closed]
    )
    told = set(shown.values_list("pk", flat=True))
    hidden = Student.privacy.withheld.difference(selectors.private_shown_to(by, Student, Q(pk=outcome.kept.pk), day))
    return {
        "id": outcome.kept.sourced_id,
        "duplicate_id": outcome.duplicate.sourced_id,
        "moved": {kind: {"moved": each.moved, "left": each.left} for kind, each in outcome.by_kind.items()},
        "filled": outcome.filled,
        "joined": [name for name in outcome.joined if name not in hidden],
        "kept_apart": outcome.kept_apart,
        "closed": [
            {
                "link_id": each.link.sourced_id,
                "guardian_id": each.link.guardian.sourced_id,
                "name": each.link.guardian.full_name,
                "less_in": each.fields,
            }
            for each in outcome.closed
            if each.link.pk in told
        ],
    }
