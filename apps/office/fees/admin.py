"""Fee items, what students have of them, concessions, bills and the chart of accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import selectors, services
from apps.fees.models import Account, Concession, FeeItem, Invoice, LateFeeRule, Payment, StudentFee
from apps.office.shell.acts import Act
from apps.office.shell.addresses import link_to
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.fields import AmountField, about, apart
from apps.office.shell.forms import NoQuestions, ServiceForm
from apps.office.shell.site import actor, office
from apps.office.shell.words import said as in_words
from schoolops import money

# What columns of fees are called.
WORDS: dict[str, Any] = {
    "account": gettext_lazy("account"),
    "amount": gettext_lazy("amount"),
    "bill_to": gettext_lazy("to whom"),
    "cap": gettext_lazy("at most on a bill"),
    "days": gettext_lazy("days after the due day"),
    "ground": gettext_lazy("on what ground"),
    "issued_on": gettext_lazy("issued on"),
    "method": gettext_lazy("how"),
    "paid_by": gettext_lazy("from"),
    "reference": gettext_lazy("reference"),
    "item": gettext_lazy("fee item"),
    "optional": gettext_lazy("optional"),
    "percent": gettext_lazy("percent"),
    "institution": gettext_lazy("campus"),
    "starts_on": gettext_lazy("of what is due from"),
    "prorated": gettext_lazy("by days"),
    "on_admission": gettext_lazy("on admission"),
    "term": gettext_lazy("term"),
    "total": gettext_lazy("total"),
    "void_reason": gettext_lazy("void because"),
}


def _printed(amount: Decimal, currency: str) -> str:
    """An amount that keeps its order in a list that reads from the right."""
    return apart(money.printed(amount, currency))


class _AtCampuses(ServiceAdmin):
    """Rows of the campuses at which whoever asks sees fees."""

    sees, manages = "fees.view", "fees.charge"
    over = "campus"
    words: ClassVar[Any] = WORDS

    def seen(self, by: User) -> QuerySet[Any]:
        """The rows in reach of ``by``."""
        raise NotImplementedError

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if not self._holds(request, self.sees):
            return rows.none()
        # These rather than `rows`: the app sums up beside them what is shown.
        return self.seen(actor(request)).select_related(*self.joined).order_by(*self.get_ordering(request))


# --- what is charged --------------------------------------------------------------------------------------------------
class ItemForm(ServiceForm):
    """An item of the price list."""

    amount = AmountField(label=gettext_lazy("amount"))
    refusals: ClassVar[Any] = {"fees:item-twice": "name", "fees:no-income-account": "account"}

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        helps = {
            "grade_level": _("Empty: of all grade levels."),
            "term": _("Empty: in each term. Otherwise in this one only."),
            "account": _("Empty: the account of all fees."),
            "optional": _("Charged only to whom it is added."),
            "prorated": _("Who is there for a part of the term is charged that part."),
            "on_admission": _("Once and whole, in the term in which somebody comes to the campus first."),
        }
        for name, said in helps.items():
            if (field := self.fields.get(name)) is not None:
                field.required, field.help_text = False, said


def _add_item(said: dict[str, Any], by: User) -> Model:
    return services.add_item(year=said.pop("year"), values=said, by=by)


def _change_item(row: FeeItem, said: dict[str, Any], _version: int | None, by: User) -> None:
    services.change_item(item=row.sourced_id, values=said, by=by)


def _retire_item(row: FeeItem, _said: dict[str, Any], by: User) -> str:
    services.change_item(item=row.sourced_id, values={"retired": True}, by=by)
    return _("%(name)s is charged no more. Bills that were issued stay as they are.") % {"name": row.name}


@admin.register(FeeItem, site=office)
class FeeItemAdmin(_AtCampuses):
    """The price list of a year, by grade level."""

    one, many = gettext_lazy("fee item"), gettext_lazy("fee items")
    none = gettext_lazy("Nothing costs anything yet. Add what the school bills, such as tuition for a grade level.")
    joined = ("year", "grade_level", "term", "account")
    only_at_first = ("year",)
    form = ItemForm
    add = _add_item
    change = _change_item
    one_at_a_time = "What an item costs is said item by item: nobody raises all by one sum."
    fields = ("year", "grade_level", "term", "name", "amount", "account", "optional", "prorated", "on_admission")
    list_display = ("name", "year", "grade_level", "term", "price", "optional", "prorated", "retired")
    list_filter = ("year", "optional", "retired")
    search_fields = ("name",)
    ordering = ("-year__starts_on", "grade_level__position", "name", "pk")
    list_before_template = "office/fees/_copy.html"
    acts = (
        Act(
            "retire", gettext_lazy("Charge no more"), "fees.charge", _retire_item, NoQuestions,
            applies=lambda row: not row.retired,
        ),
    )  # fmt: skip

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.items_seen(by=by)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        if db_field.name == "account":
            accounts = office.rows_of(Account, request)
            if accounts is not None:
                more["queryset"] = accounts.filter(kind=Account.Kind.INCOME, retired=False)
        return super().formfield_for_foreignkey(db_field, request, **more)

    @admin.display(description=gettext_lazy("amount"))
    def price(self, row: FeeItem) -> str:
        return _printed(row.amount, row.currency)


def _choose(said: dict[str, Any], by: User) -> Model:
    return services.choose_item(**said, by=by)


def _forget(row: StudentFee, by: User) -> None:
    services.forget_choice(choice=row.sourced_id, by=by)


class ChoiceForm(ServiceForm):
    """What a student has of the price list, or not."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if (field := self.fields.get("ends_on")) is not None:
            field.required, field.help_text = False, _("Empty: until the year is over. This day is no longer charged.")


@admin.register(StudentFee, site=office)
class StudentFeeAdmin(_AtCampuses):
    """Who has an optional item, and who has opted out of another."""

    one, many = gettext_lazy("addition or opt-out"), gettext_lazy("additions and opt-outs")
    none = gettext_lazy(
        "Everybody is billed what their grade level is. Add what one child takes besides, or leaves out."
    )
    joined = ("student", "item")
    autocomplete_fields = ("student",)
    form = ChoiceForm
    add = _choose
    remove = _forget
    fields = ("student", "item", "kind", "starts_on", "ends_on")
    list_display = ("student", "item", "kind", "starts_on", "ends_on")
    list_filter = ("kind",)
    search_fields = ("student__searched",)
    search_help_text = gettext_lazy("Name or admission number")
    ordering = ("-pk",)

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.choices_seen(by=by)


# --- late fees --------------------------------------------------------------------------------------------------------
class LateFeeRuleForm(ServiceForm):
    """What a campus charges who pays late."""

    percent = forms.DecimalField(
        label=gettext_lazy("percent"), required=False, min_value=Decimal("0.01"), max_value=100,
        max_digits=5, decimal_places=2, help_text=gettext_lazy("Of what is left of the instalment, or an amount."),
    )  # fmt: skip
    amount = AmountField(label=gettext_lazy("amount"), required=False)
    cap = AmountField(label=gettext_lazy("at most on a bill"))
    days = forms.IntegerField(label=gettext_lazy("days after the due day"), min_value=1, max_value=366)
    refusals: ClassVar[Any] = {"fees:late-fee-rule-twice": "institution", "fees:late-fee-of-what": "percent"}

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if (field := self.fields.get("starts_on")) is not None:
            field.required, field.help_text = False, _("Empty: from today on. What was due before is charged none.")


def _add_late_fees(said: dict[str, Any], by: User) -> Model:
    return services.add_late_fee_rule(institution=said.pop("institution"), values=said, by=by)


def _change_late_fees(row: LateFeeRule, said: dict[str, Any], _version: int | None, by: User) -> None:
    services.change_late_fee_rule(rule=row.sourced_id, values=said, by=by)


@admin.register(LateFeeRule, site=office)
class LateFeeRuleAdmin(_AtCampuses):
    """What each campus charges who pays late; a job charges by it every night."""

    one, many = gettext_lazy("rule of late fees"), gettext_lazy("rules of late fees")
    none = gettext_lazy("Whoever pays late pays nothing more. Add a rule, if that is to be otherwise.")
    joined = ("institution",)
    only_at_first = ("institution",)
    form = LateFeeRuleForm
    add = _add_late_fees
    change = _change_late_fees
    one_at_a_time = "One a campus."
    list_display = ("institution", "worth", "days", "most", "starts_on", "retired")
    ordering = ("institution__name", "pk")

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.late_fee_rules_seen(by=by)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ("institution", "percent", "amount", "days", "cap", "starts_on")
        return asked if obj is None else (*asked, "retired")

    @admin.display(description=gettext_lazy("how much"))
    def worth(self, row: LateFeeRule) -> str:
        return _worth(row)

    @admin.display(description=gettext_lazy("at most on a bill"))
    def most(self, row: LateFeeRule) -> str:
        return _printed(row.cap, row.currency)


# --- concessions ------------------------------------------------------------------------------------------------------
class Standing(admin.SimpleListFilter):
    """Concessions by how far they are."""

    title = gettext_lazy("where it stands")
    parameter_name = "stands"
    BY: ClassVar[dict[str, Q]] = {
        "asked": Q(approved_at__isnull=True, ended_at__isnull=True),
        "approved": Q(approved_at__isnull=False, ended_at__isnull=True),
        "ended": Q(ended_at__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, _(words)) for code, words in STANDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.BY.get(self.value() or "", Q()))


STANDS = {
    "asked": gettext_noop("waits for approval"),
    "approved": gettext_noop("approved"),
    "ended": gettext_noop("ended"),
}


class ConcessionForm(ServiceForm):
    """What a student is not charged."""

    percent = forms.DecimalField(
        label=gettext_lazy("percent"), required=False, min_value=Decimal("0.01"), max_value=100,
        max_digits=5, decimal_places=2, help_text=gettext_lazy("A percentage of the whole, or an amount in each term."),
    )  # fmt: skip
    amount = AmountField(label=gettext_lazy("amount"), required=False)
    refusals: ClassVar[Any] = {"fees:not-of-this-campus": "item"}

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if (field := self.fields.get("item")) is not None:
            field.required, field.help_text = False, _("Empty: of all items.")


def _ask(said: dict[str, Any], by: User) -> Model:
    student, year = said.pop("student"), said.pop("year")
    return services.ask_for_concession(student=student, year=year, values=said, by=by)


def _approve(row: Concession, _said: dict[str, Any], by: User) -> str:
    services.approve_concession(concession=row.sourced_id, by=by)
    return about(row.student, _("The concession of %(name)s counts, for bills to come."))


def _end(row: Concession, _said: dict[str, Any], by: User) -> str:
    services.end_concession(concession=row.sourced_id, by=by)
    return about(row.student, _("The concession of %(name)s counts no more, for bills to come."))


@admin.register(Concession, site=office)
class ConcessionAdmin(_AtCampuses):
    """Concessions: asked for by one, approved by another."""

    one, many = gettext_lazy("concession"), gettext_lazy("concessions")
    none = gettext_lazy("Nobody pays less than the price list says. Ask for a concession on behalf of a child.")
    words: ClassVar[Any] = {
        **WORDS,
        "asked_by": gettext_lazy("asked by"),
        "approved_by": gettext_lazy("approved by"),
    }
    joined = ("student", "year", "item", "asked_by", "approved_by")
    autocomplete_fields = ("student",)
    form = ConcessionForm
    add = _ask
    list_display = ("student", "year", "ground", "worth", "item", "stands", "asked_by", "approved_by")
    list_filter = (Standing, "ground", "year")
    search_fields = ("student__searched",)
    search_help_text = gettext_lazy("Name or admission number")
    ordering = ("-pk",)
    list_before_template = "office/fees/_siblings.html"
    acts = (
        Act(
            "approve", gettext_lazy("Approve"), "fees.approve", _approve, NoQuestions,
            applies=lambda row: row.approved_at is None and row.ended_at is None,
            explanation=gettext_lazy("Somebody else than who asked for it approves it."),
        ),
        Act(
            "end", gettext_lazy("End it"), "fees.charge", _end, NoQuestions, applies=lambda row: row.ended_at is None,
            explanation=gettext_lazy("Bills that were issued stay as they are."),
        ),
    )  # fmt: skip

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.concessions_seen(by=by)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ("student", "year", "item", "ground", "percent", "amount", "reason")
        return asked if obj is None else (*asked, "asked_by", "approved_by")

    @admin.display(description=gettext_lazy("how much"))
    def worth(self, row: Concession) -> str:
        return _worth(row)

    @admin.display(description=gettext_lazy("where it stands"))
    def stands(self, row: Concession) -> str:
        return in_words(STANDS["ended" if row.ended_at else "approved" if row.approved_at else "asked"])


def _worth(row: Concession | LateFeeRule) -> str:
    if row.percent is not None:
        return apart(f"{row.percent.normalize():f} %")
    return _printed(row.amount or Decimal(0), row.currency)


# --- bills ------------------------------------------------------------------------------------------------------------
class Settled(admin.SimpleListFilter):
    """Bills by what is left of them."""

    title = gettext_lazy("paid")
    parameter_name = "paid"
    BY: ClassVar[dict[str, Q]] = {
        "open": Q(left_sum__gt=0),
        "overdue": Q(left_sum__gt=F("ahead_sum")),
        "settled": Q(left_sum=0, state=Invoice.State.ISSUED),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", _("something is left to pay")), ("overdue", _("overdue")), ("settled", _("settled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.BY.get(self.value() or "")
        if asked is None:
            return queryset
        day = access.today(actor(request))
        return selectors.with_ahead(queryset, day).filter(asked)


@admin.register(Invoice, site=office)
class InvoiceAdmin(_AtCampuses):
    """Bills. Each has a page of its own, with what stands on it."""

    one, many = gettext_lazy("bill"), gettext_lazy("bills")
    none = gettext_lazy("Nobody was billed yet. Bill a term, and each child’s bill stands here.")
    begins_at = "office:fee-runs"
    joined = ("student", "term")
    fields = ("student", "bill_to", "term", "issued_on", "state", "void_reason")
    list_display = ("printed", "student", "bill_to", "term", "issued_on", "sum", "left", "state")
    list_display_links = None
    list_filter = (Settled, "state", "term", "institution")
    finds = selectors.numbered_as
    search_fields = ("student__searched",)
    search_help_text = gettext_lazy("Name or admission number, or the number of the bill")
    ordering = ("-pk",)

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.invoices_seen(by=by)

    @admin.display(description=gettext_lazy("number"), ordering="pk")
    def printed(self, row: Invoice) -> SafeString:
        return link_to("office:bill", row.sourced_id, row.called_number)

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def sum(self, row: Invoice) -> str:
        return _printed(row.total, row.currency)

    @admin.display(description=gettext_lazy("left to pay"), ordering="left_sum")
    def left(self, row: Any) -> str:
        return _printed(row.left_sum, row.currency) if row.left_sum else ""

    def ways_from(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        page = reverse("office:bill", args=(row.sourced_id,))
        return [{"title": _("What stands on it"), "address": page}, *super().ways_from(request, row)]


# --- payments ---------------------------------------------------------------------------------------------------------
@admin.register(Payment, site=office)
class PaymentAdmin(_AtCampuses):
    """Payments. Each has a page of its own, with its receipt."""

    one, many = gettext_lazy("payment"), gettext_lazy("payments")
    none = gettext_lazy("Nobody paid yet. Take money at the payment desk.")
    begins_at = "office:payment-desk"
    joined = ("student",)
    fields = ("student", "paid_by", "method", "day", "reference")
    list_display = ("printed", "student", "sum", "method", "day", "paid_by", "reference", "undone")
    list_display_links = None
    list_filter = ("method", "institution")
    finds = selectors.numbered_as
    search_fields = ("student__searched",)
    search_help_text = gettext_lazy("Name or admission number, or the number of the receipt")
    ordering = ("-pk",)

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.payments_seen(by=by)

    @admin.display(description=gettext_lazy("number"), ordering="pk")
    def printed(self, row: Payment) -> SafeString:
        return link_to("office:receipt", row.sourced_id, row.receipt)

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def sum(self, row: Payment) -> str:
        return _printed(row.amount, row.currency)

    @admin.display(description=gettext_lazy("counts no more"), boolean=True)
    def undone(self, row: Any) -> bool:
        return bool(row.undone)

    def ways_from(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        page = reverse("office:receipt", args=(row.sourced_id,))
        return [{"title": _("What stands on it"), "address": page}, *super().ways_from(request, row)]


# --- the chart of accounts --------------------------------------------------------------------------------------------
def _add_account(said: dict[str, Any], by: User) -> Model:
    return services.add_account(institution=said.pop("institution"), values=said, by=by)


def _change_account(row: Account, said: dict[str, Any], _version: int | None, by: User) -> None:
    services.change_account(account=row.sourced_id, values=said, by=by)


def _retire_account(row: Account, _said: dict[str, Any], by: User) -> str:
    services.change_account(account=row.sourced_id, values={"retired": True}, by=by)
    return _("Nothing new is posted to %(account)s.") % {"account": row}


class AccountForm(ServiceForm):
    """An account of the books."""

    refusals: ClassVar[Any] = {"fees:account-code-taken": "code", "fees:account-has-entries": "kind"}


@admin.register(Account, site=office)
class AccountAdmin(_AtCampuses):
    """The chart of accounts of each campus, with its balances."""

    one, many = gettext_lazy("account"), gettext_lazy("accounts")
    none = gettext_lazy("There are no accounts to book to. Add one for each kind of income.")
    listed_as = gettext_lazy("Chart of accounts")
    manages = "fees.keep_books"
    joined = ("institution",)
    only_at_first = ("institution",)
    form = AccountForm
    add = _add_account
    change = _change_account
    one_at_a_time = "The chart of accounts stays as it is for years."
    fields = ("institution", "code", "name", "kind")
    list_display = ("code", "name", "kind", "institution", "balance", "retired")
    list_filter = ("kind", "retired", "institution")
    search_fields = ("code", "name")
    ordering = ("institution", "code", "pk")
    acts = (
        Act(
            "retire", gettext_lazy("Take out of use"), "fees.keep_books", _retire_account, NoQuestions,
            applies=lambda row: not row.retired and not row.purpose,
        ),
    )  # fmt: skip

    def seen(self, by: User) -> QuerySet[Any]:
        return selectors.accounts_seen(by=by)

    @admin.display(description=gettext_lazy("balance"))
    def balance(self, row: Any) -> str:
        grown = row.debit_sum - row.credit_sum
        return _printed(grown if row.grows_by_debit else -grown, row.currency)
