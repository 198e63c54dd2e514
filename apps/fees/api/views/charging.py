"""Fee items, what a student has of them, concessions, and who pays."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access.api.lists import CampusRows
from apps.accounts.api.authentication import actor
from apps.fees import selectors, services
from apps.fees.api import serializers as s
from apps.fees.errors import ConcessionUnknown, FeeItemUnknown, LateFeeRuleUnknown
from apps.fees.models import Concession
from apps.students.api.about import STUDENT, student_columns
from schoolops import money
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, answer, created, gone, valid

YEAR = Parameter(parameters.public_id, where="year__sourced_id", about="One academic year only.")


def _of_level(level: UUID) -> Q:
    return Q(grade_level__sourced_id=level) | Q(grade_level__isnull=True)


class FeeItemViewSet(CampusRows):
    """The fee structure: what is charged in each term of a year, by grade level."""

    asks = {
        "list": "fees.view over campus",
        "create": "fees.charge over campus",
        "retrieve": "fees.view over campus",
        "change": "fees.charge over campus",
    }
    out = s.FeeItemOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "institution_id": "institution__sourced_id",
        "year_id": "year__sourced_id",
        "grade_level_id": "grade_level__sourced_id",
        "term_id": "term__sourced_id",
        "name": "name",
        "amount": money.as_said(),
        "currency": "currency",
        "account_id": "account__sourced_id",
        **{name: name for name in ("optional", "prorated", "on_admission", "retired")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"name": ("name", "id"), "id": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "year_id": YEAR,
        "grade_level_id": Parameter(
            parameters.public_id, where=_of_level, about="What this grade level is charged: its items, and everybody's."
        ),
        "retired": Parameter(parameters.yes_or_no, where="retired", about="Charged, or not any more."),
    }
    not_visible = FeeItemUnknown
    export_name = "fee-items"
    seen = staticmethod(selectors.items_seen)

    @extend_schema(summary="Add a fee item", request=s.FeeItemIn, responses={201: s.FeeItemOut})
    def create(self, request: Request) -> HttpResponse:
        """To the fees of a year, in the currency of its campus."""
        values = valid(s.FeeItemIn, request.data)
        item = services.add_item(year=values.pop("year"), values=values, by=actor(request))
        return created(request, self.row(Q(pk=item.pk)))

    @extend_schema(summary="Change a fee item", request=s.FeeItemChangeIn, responses=s.FeeItemOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """For bills to come: those that were issued stay as they are."""
        values = valid(s.FeeItemChangeIn, request.data, partial=True)
        item = services.change_item(item=id, values=values, by=actor(request))
        return answer(self.row(Q(pk=item.pk)))


class LateFeeRuleViewSet(CampusRows):
    """What each campus charges who pays late."""

    asks = {
        "list": "fees.view over campus",
        "create": "fees.charge over campus",
        "retrieve": "fees.view over campus",
        "change": "fees.charge over campus",
    }
    out = s.LateFeeRuleOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "institution_id": "institution__sourced_id",
        "percent": "percent",
        "amount": money.as_said(),
        "days": "days",
        "cap": money.as_said("cap"),
        **{name: name for name in ("currency", "starts_on", "retired")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"id": ("id",)}
    not_visible = LateFeeRuleUnknown
    export_name = "late-fee-rules"
    seen = staticmethod(selectors.late_fee_rules_seen)

    @extend_schema(summary="Add a rule of late fees", request=s.LateFeeRuleIn, responses={201: s.LateFeeRuleOut})
    def create(self, request: Request) -> HttpResponse:
        """One for each campus. A job charges by it every night, each instalment once."""
        values = valid(s.LateFeeRuleIn, request.data)
        institution = values.pop("institution")
        rule = services.add_late_fee_rule(institution=institution, values=values, by=actor(request))
        return created(request, self.row(Q(pk=rule.pk)))

    @extend_schema(summary="Change a rule of late fees", request=s.LateFeeRuleChangeIn, responses=s.LateFeeRuleOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """For late fees to come: those that were billed stay as they are."""
        values = valid(s.LateFeeRuleChangeIn, request.data, partial=True)
        rule = services.change_late_fee_rule(rule=id, values=values, by=actor(request))
        return answer(self.row(Q(pk=rule.pk)))


class StudentFeeViewSet(CampusRows):
    """Optional items that students have, and others that they opted out of."""

    asks = {
        "list": "fees.view over campus",
        "create": "fees.charge over campus",
        "remove": "fees.charge over campus",
    }
    out = s.StudentFeeOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "item_id": "item__sourced_id",
        "item": "item__name",
        **{name: name for name in ("kind", "starts_on", "ends_on")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"id": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "student_id": STUDENT,
        "item_id": Parameter(parameters.public_id, where="item__sourced_id", about="About this item."),
    }
    export_name = "student-fees"
    seen = staticmethod(selectors.choices_seen)

    @extend_schema(summary="Add an item, or opt out", request=s.StudentFeeIn, responses={201: s.StudentFeeOut})
    def create(self, request: Request) -> HttpResponse:
        """An optional item is added; of the others a student opts out."""
        row = services.choose_item(**valid(s.StudentFeeIn, request.data), by=actor(request))
        return created(request, self.row(Q(pk=row.pk)))

    @extend_schema(summary="Forget a choice", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Let the student have what everybody has. What was billed stays."""
        services.forget_choice(choice=id, by=actor(request))
        return gone()


class ConcessionViewSet(CampusRows):
    """What students are let off."""

    asks = {
        "list": "fees.view over campus",
        "create": "fees.charge over campus",
        "retrieve": "fees.view over campus",
        "approve": "fees.approve over campus",
        "end": "fees.charge over campus",
        "siblings": "fees.charge over campus",
    }
    out = s.ConcessionOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "year_id": "year__sourced_id",
        "item_id": "item__sourced_id",
        "ground": "ground",
        "percent": "percent",
        "amount": money.as_said(),
        **{name: name for name in ("currency", "reason", "approved_at", "ended_at")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "year_id": YEAR,
        "student_id": STUDENT,
        "ground": Parameter(parameters.one_of(Concession.Ground), where="ground", about="For this reason."),
        "approved": Parameter(
            parameters.yes_or_no,
            where=lambda value: Q(approved_at__isnull=not value),
            about="Approved, or waiting for somebody to approve it.",
        ),
    }
    not_visible = ConcessionUnknown
    export_name = "concessions"
    seen = staticmethod(selectors.concessions_seen)

    @extend_schema(summary="Ask for siblings' concessions", request=s.SiblingsIn, responses={201: s.SiblingsOut})
    def siblings(self, request: Request) -> HttpResponse:
        """One for each brother and sister of a family by their order, who has none yet; each waits to be approved."""
        made = services.ask_for_siblings(**valid(s.SiblingsIn, request.data), by=actor(request))
        return answer({"asked": len(made)}, status=201)

    @extend_schema(summary="Ask for a concession", request=s.ConcessionIn, responses={201: s.ConcessionOut})
    def create(self, request: Request) -> HttpResponse:
        """It counts once somebody else has approved it."""
        values = valid(s.ConcessionIn, request.data)
        student, year = values.pop("student"), values.pop("year")
        row = services.ask_for_concession(student=student, year=year, values=values, by=actor(request))
        return created(request, self.row(Q(pk=row.pk)))

    @extend_schema(summary="Approve a concession", request=None, responses=s.ConcessionOut)
    def approve(self, request: Request, id: UUID) -> HttpResponse:
        """By somebody else than who asked for it; for bills to come."""
        row = services.approve_concession(concession=id, by=actor(request))
        return answer(self.row(Q(pk=row.pk)))

    @extend_schema(summary="End a concession", request=None, responses=s.ConcessionOut)
    def end(self, request: Request, id: UUID) -> HttpResponse:
        """It counts no more, for bills to come."""
        row = services.end_concession(concession=id, by=actor(request))
        return answer(self.row(Q(pk=row.pk)))


class PayersViewSet(ApiViewSet):
    """Who pays a student's bills, and which part of them."""

    asks = {"list": "fees.view over campus", "replace": "fees.charge over campus"}

    @extend_schema(summary="Who pays a student's bills", responses=s.PAYERS)
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """Nobody: the first guardian who receives invoices pays all."""
        self.asked_for(request)
        return answer({"results": selectors.payers_of(id, by=actor(request)), "next": None})

    @extend_schema(summary="Say who pays", request=s.PayersIn, responses=s.PAYERS)
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """For bills to come, in the place of who was said before."""
        payers = [services.PaidBy(**each) for each in valid(s.PayersIn, request.data)["payers"]]
        by = actor(request)
        student, _campus = selectors.account_at(id, "fees.charge", by=by)
        services.set_payers(student=student, payers=payers, by=by)
        return answer({"results": selectors.payers_of(id, by=by, permission="fees.charge"), "next": None})
