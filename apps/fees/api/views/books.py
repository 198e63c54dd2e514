"""Books, their chart of accounts, and what is posted."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db.models import Case, DecimalField, F, Q, When
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access.api.lists import CampusRows
from apps.accounts.api.authentication import actor
from apps.fees import selectors, services
from apps.fees.api import serializers as s
from apps.fees.errors import AccountUnknown, BooksUnknown
from apps.fees.models import Account, LedgerEntry
from apps.institutions.models import Institution
from schoolops import money
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, answer, created, valid

INSTITUTION = Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only.")


class BooksViewSet(CampusRows):
    """Through which day the books of each campus are closed."""

    asks = {
        "list": "fees.view over campus",
        "retrieve": "fees.view over campus",
        "close": "fees.keep_books over campus",
    }
    out = s.BooksOut
    columns: ClassVar[Columns] = {
        "id": "institution__sourced_id",
        "institution": "institution__name",
        "currency": "institution__currency",
        "closed_through": "closed_through",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"id": ("institution_id",)}
    lookup = "institution__sourced_id"
    not_visible = BooksUnknown
    export_name = "books"
    seen = staticmethod(selectors.books_seen)

    @extend_schema(summary="Close books", request=s.CloseIn, responses=s.BooksOut)
    def close(self, request: Request, id: UUID) -> HttpResponse:
        """Close them through a day, for good: what is corrected later is corrected by a posting of that day."""
        given, by = valid(s.CloseIn, request.data), actor(request)
        institution = Institution.objects.filter(sourced_id=id).first()
        if institution is None:
            raise BooksUnknown
        services.close_books(institution=institution, closed_through=given["closed_through"], by=by)
        return answer(self.row(Q(institution=institution)))


class AccountViewSet(CampusRows):
    """The chart of accounts, with the balance of each as of now. As CSV it is what an accountant's programme reads."""

    asks = {
        "list": "fees.view over campus",
        "create": "fees.keep_books over campus",
        "retrieve": "fees.view over campus",
        "change": "fees.keep_books over campus",
    }
    out = s.AccountOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "institution_id": "institution__sourced_id",
        **{name: name for name in ("code", "name", "kind", "purpose", "currency", "retired")},
        "debit": money.as_said("debit_sum"),
        "credit": money.as_said("credit_sum"),
        "balance": Case(
            When(
                kind__in=(Account.Kind.ASSET, Account.Kind.EXPENSE),
                then=money.as_said(F("debit_sum") - F("credit_sum")),
            ),
            default=money.as_said(F("credit_sum") - F("debit_sum")),
            output_field=DecimalField(),
        ),
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"code": ("code", "id"), "id": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "kind": Parameter(parameters.one_of(Account.Kind), where="kind", about="Of this kind."),
        "retired": Parameter(parameters.yes_or_no, where="retired", about="In use, or not."),
    }
    not_visible = AccountUnknown
    export_name = "chart-of-accounts"
    seen = staticmethod(selectors.accounts_seen)

    @extend_schema(summary="Add an account", request=s.AccountIn, responses={201: s.AccountOut})
    def create(self, request: Request) -> HttpResponse:
        """To the chart of a campus, in its currency."""
        values = valid(s.AccountIn, request.data)
        account = services.add_account(institution=values.pop("institution"), values=values, by=actor(request))
        return created(request, self.row(Q(pk=account.pk)))

    @extend_schema(summary="Change an account", request=s.AccountChangeIn, responses=s.AccountOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. What is posted there by itself stays in use, and of its kind."""
        values = valid(s.AccountChangeIn, request.data, partial=True)
        account = services.change_account(account=id, values=values, by=actor(request))
        return answer(self.row(Q(pk=account.pk)))


class LedgerEntryViewSet(CampusRows):
    """What was posted, the latest last: to an account, about a student, on some days."""

    asks = {"list": "fees.view over campus"}
    out = s.LedgerEntryOut
    columns: ClassVar[Columns] = {
        "number": "id",
        "transaction": "transaction_id",
        "institution_id": "institution__sourced_id",
        "day": "transaction__day",
        "account_id": "account__sourced_id",
        "account": "account__code",
        "side": "side",
        "amount": money.as_said(),
        "currency": "currency",
        "student_id": "student__sourced_id",
        "source_kind": "transaction__source_kind",
        "source_id": "transaction__source_id",
        "purpose": "transaction__purpose",
        "memo": "transaction__memo",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"oldest": ("id",), "newest": ("-id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "account_id": Parameter(parameters.public_id, where="account__sourced_id", about="Of this account."),
        "student_id": Parameter(parameters.public_id, where="student__sourced_id", about="About this student."),
        "side": Parameter(parameters.one_of(LedgerEntry.Side), where="side", about="Debited, or credited."),
        "from": Parameter(parameters.day, where="transaction__day__gte", about="On this day or later."),
        "to": Parameter(parameters.day, where="transaction__day__lte", about="On this day or before."),
    }
    export_name = "ledger-entries"
    seen = staticmethod(selectors.entries_seen)


class PostingViewSet(ApiViewSet):
    """What no bill and no payment says."""

    asks = {"create": "fees.keep_books over campus"}
    idempotency_key_required = True

    @extend_schema(summary="Post by hand", request=s.PostingIn, responses={201: s.PostingOut})
    def create(self, request: Request) -> HttpResponse:
        """Bank charges, cash brought to the bank, a correction: all legs, or none."""
        given = valid(s.PostingIn, request.data)
        legs = [services.HandLeg(**each) for each in given.pop("legs")]
        row = services.post_by_hand(**given, legs=legs, by=actor(request))
        return answer({"id": row.source_id, "transaction": row.pk}, status=201)
