"""What is worked out of bills and payments: statements, debtors, the cash book, and the drawer."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.fees import selectors, services
from apps.fees.api import serializers as s
from apps.institutions.selectors import today_at
from schoolops import money
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, answer, valid
from schoolops.api.whole import WholeViewSet

VIEW, COLLECT = "fees.view", "fees.collect"
CAMPUS = Parameter(parameters.public_id, about="At this campus.", required=True)
AT = {"institution_id": Parameter(parameters.public_id, about="A campus that bills them; theirs unless said.")}
DAYS = {
    "from": Parameter(parameters.day, about="On this day or later."),
    "to": Parameter(parameters.day, about="On this day or before."),
}


class StatementViewSet(WholeViewSet):
    """A student's account at a campus, the oldest line first, or that of a guardian with all their children there."""

    asks = {"list": "fees.view over campus"}
    out = s.StatementEntryOut
    columns: ClassVar[Columns] = {name: name for name in selectors.STATEMENT_COLUMNS}
    filters: ClassVar[dict[str, Parameter]] = {
        **AT,
        "guardian_id": Parameter(parameters.public_id, about="As far as it is this guardian's."),
        **DAYS,
    }
    export_name = "statement"

    def told(self) -> list[dict[str, Any]]:
        asked = self.asked
        guardian, campus = asked.get("guardian_id"), asked.get("institution_id")
        of, at, whose = selectors.account_told(
            self.kwargs["id"], guardian=guardian, campus=campus, by=actor(self.request)
        )
        told = selectors.statement_of(of, at, guardian=whose)
        return selectors.statement_rows(told, asked.get("from"), asked.get("to"))


class FollowedStatementViewSet(WholeViewSet):
    """One's own account at the campus of a child, with all the children one follows there, the oldest line first."""

    asks = {"list": "fees.follow over student"}
    out = s.StatementEntryOut
    columns: ClassVar[Columns] = StatementViewSet.columns
    filters: ClassVar[dict[str, Parameter]] = {**AT, **DAYS}
    export_name = "statement"

    def told(self) -> list[dict[str, Any]]:
        campus = self.asked.get("institution_id")
        of, at, whose = selectors.account_followed(self.kwargs["id"], campus=campus, by=actor(self.request))
        told = selectors.statement_of(of, at, guardian=whose)
        return selectors.statement_rows(told, self.asked.get("from"), self.asked.get("to"))


class DebtorViewSet(WholeViewSet):
    """Whose bills are overdue today, and for how long, who owes most of it first."""

    asks = {"list": "fees.view over campus"}
    out = s.DebtorOut
    columns: ClassVar[Columns] = {name: name for name in selectors.DEBTOR_COLUMNS}
    filters: ClassVar[dict[str, Parameter]] = {"institution_id": CAMPUS}
    export_name = "debtors"

    def told(self) -> list[dict[str, Any]]:
        by = actor(self.request)
        campus = selectors.campus_at(self.asked["institution_id"], VIEW, by=by)
        return selectors.debtor_rows(campus, today_at(campus), by=by)


class CashBookViewSet(WholeViewSet):
    """What came in and went out at a campus on a day, today unless said, as it was entered."""

    asks = {"list": "fees.view over campus"}
    out = s.TakingOut
    columns: ClassVar[Columns] = {name: name for name in selectors.CASH_BOOK_COLUMNS}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": CAMPUS,
        "day": Parameter(parameters.day, about="Of this day."),
    }
    export_name = "cash-book"

    def told(self) -> list[dict[str, Any]]:
        by = actor(self.request)
        campus = selectors.campus_at(self.asked["institution_id"], VIEW, by=by)
        return selectors.cash_book_rows(campus, self.asked.get("day") or today_at(campus), by=by)


class DrawerViewSet(ApiViewSet):
    """A cashier's day, while it is open."""

    asks = {"retrieve": "fees.collect over campus"}

    @extend_schema(summary="What should lie in the drawer", responses=s.DrawerOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """Of a campus, by its books: what lay in it as the day began, and what came and went since."""
        self.asked_for(request)
        campus = selectors.campus_at(id, COLLECT, by=actor(request))
        day = today_at(campus)
        drawer = selectors.drawer_of(campus, day)
        amounts = {"opening": drawer.opening, "moved": drawer.moved, "expected": drawer.expected}
        return answer(
            {
                "institution_id": campus.sourced_id,
                "day": day,
                "currency": campus.currency,
                **{name: money.shown(each, campus.currency) for name, each in amounts.items()},
                "counted": selectors.counted_on(campus, day),
            }
        )


class DrawerCountViewSet(WholeViewSet):
    """How the drawer of a campus was counted, the latest day first. What counts it needs an ``Idempotency-Key``."""

    asks = {"list": "fees.collect over campus", "create": "fees.collect over campus"}
    idempotency_key_required = True
    out = s.DrawerCountOut
    columns: ClassVar[Columns] = {name: name for name in selectors.DRAWER_COLUMNS}
    filters: ClassVar[dict[str, Parameter]] = DAYS
    export_name = "drawer"

    def told(self) -> list[dict[str, Any]]:
        by = actor(self.request)
        campus = selectors.campus_at(self.kwargs["id"], COLLECT, by=by)
        return selectors.drawer_rows(campus, self.asked.get("from"), self.asked.get("to"), by=by)

    @extend_schema(summary="Close a cashier's day", request=s.DrawerCountIn, responses={201: s.DrawerCountOut})
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Once a day: what differs from the books is booked, and what does not stay goes to the bank; needs an
        `Idempotency-Key`."""
        by = actor(request)
        given = valid(s.DrawerCountIn, request.data)
        campus = selectors.campus_at(id, COLLECT, by=by)
        services.count_drawer(institution=campus, **given, by=by)
        row = selectors.drawer_rows(campus, today_at(campus), by=by)[0]
        return answer({name: row[name] for name in self.columns}, status=201)
