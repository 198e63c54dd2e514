"""Who is behind and for how long, what came in on a day, and both as files."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.fees import selectors as fees
from apps.fees import services
from apps.fees.models import Payment
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.office.fees import selectors
from apps.office.fees.pages.desk import BACK, METHODS
from apps.office.fees.pages.files import file_asked
from apps.office.shell.fields import AmountField, about, apart, day_asked, posted, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from schoolops import money
from schoolops.errors import SchoolOpsError

PER_PAGE = 50


def _campus(request: HttpRequest) -> tuple[Institution, list[Institution]]:
    return selectors.campus_asked(request.GET.get("campus", ""), "fees.view", by=actor(request))


DEBTORS = (
    "admission_number", "name", "not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "overdue",
    "currency",
)  # fmt: skip
CASH_BOOK = (
    "day", "receipt", "kind", "method", "admission_number", "name", "amount", "currency", "reference", "by",
)  # fmt: skip


def _line(row: Any, campus: Institution) -> tuple[Any, ...]:
    return row, METHODS[Payment.Method(row.method)], BACK.get(row.kind, ""), _told(row.amount, campus)


def _told(amount: Decimal, campus: Institution) -> str:
    return money.printed(amount, campus.currency) if amount else ""


@office_page(permission="fees.view", over="campus")
def debtors(request: HttpRequest) -> Any:
    """Whose bills are overdue, by how long, who owes most of it first."""
    campus, there = _campus(request)
    day = today_at(campus)
    if request.method == "POST":
        number = services.remind_debtors(institution=campus, by=actor(request))
        words = ngettext(
            "%(count)d guardian of %(name)s is reminded by mail.",
            "%(count)d guardians of %(name)s are reminded by mail.",
            number,
        )
        messages.success(request, about(campus, words, count=number))
        return HttpResponseRedirect(request.get_full_path())
    by = actor(request)
    rows = partial(fees.debtor_rows, campus, day, by=by)
    if (file := file_asked(request, f"debtors-{day}", DEBTORS, rows)) is not None:
        return file
    found, unreached = fees.behind(campus, day, by=by)
    page = Paginator(found, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    sums = [sum((row.ages[place] for row in found), Decimal(0)) for place in range(len(fees.AGES) + 1)]
    context = {
        "campus": campus,
        "campuses": there,
        "day": day,
        "page": page,
        "rows": [(row, [_told(each, campus) for each in row.ages], _told(row.overdue, campus)) for row in page],
        "sums": [_told(each, campus) for each in sums],
        "to_call": [(row.debtor.student, _told(row.debtor.overdue, campus), row.calls) for row in unreached[:PER_PAGE]],
        "overdue": money.printed(sum(sums[1:], Decimal(0)), campus.currency),
        "collects": selectors.may("fees.collect", actor(request)),
        "exports": selectors.may("exports.run", actor(request)),
    }
    return render_page(request, "office/fees/debtors.html", context, title=_("Debtors"))


class CountForm(DressedForm):
    """What lies in the drawer as the day ends."""

    counted = AmountField(label=gettext_lazy("Counted"), zero=True)
    left = AmountField(
        label=gettext_lazy("Stays in the drawer"), zero=True, initial=0,
        help_text=gettext_lazy("The rest goes to the bank."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, required=False,
        help_text=gettext_lazy("Where more or less was counted than the books say."),
    )  # fmt: skip


@office_page(permission="fees.collect", over="campus")
def drawer(request: HttpRequest) -> Any:
    """The end of a cashier's day: what should lie in the drawer, what does, and how the last days ended."""
    by = actor(request)
    campus, there = _campus(request)
    form = CountForm(posted(request))
    if form.is_valid():
        try:
            difference = services.count_drawer(institution=campus, **form.cleaned_data, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            words = _("The day of %(name)s is closed.")
            if difference:
                words = _("The day of %(name)s is closed. It differs by %(amount)s.")
            differs = apart(money.printed(difference, campus.currency))
            messages.success(request, about(campus, words, amount=differs))
            return HttpResponseRedirect(request.get_full_path())
    rows = partial(fees.drawer_rows, campus, by=by)
    if (file := file_asked(request, "drawer", fees.DRAWER_COLUMNS, rows)) is not None:
        return file
    held = fees.drawer_of(campus, today_at(campus))
    context = {
        "campus": campus,
        "campuses": there,
        "form": form,
        "day": today_at(campus),
        "opening": money.printed(held.opening, campus.currency),
        "moved": money.printed(held.moved, campus.currency),
        "expected": money.printed(held.expected, campus.currency),
        "exports": selectors.may("exports.run", by),
        "counts": [{**row, "day": dt.date.fromisoformat(row["day"])} for row in fees.counts_of(campus, by=by)],
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/fees/drawer.html", context, title=_("Cashier’s day"), status=status)


@office_page(permission="fees.view", over="campus")
def cash_book(request: HttpRequest) -> Any:
    """What came in and went out at a campus on a day, and what it comes to by how it came."""
    campus, there = _campus(request)
    today = today_at(campus)
    day = day_asked(request.GET.get("day"), today)
    rows = partial(fees.cash_book_rows, campus, day, by=actor(request))
    if (file := file_asked(request, f"cash-book-{day}", CASH_BOOK, rows)) is not None:
        return file
    found = fees.cash_book(campus, day, by=actor(request))
    sums = fees.by_method(found)
    context = {
        "campus": campus,
        "campuses": there,
        "day": day,
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1) if day < today else None,
        "rows": [_line(row, campus) for row in found],
        "sums": [
            (METHODS[Payment.Method(method)], money.printed(amount, campus.currency)) for method, amount in sums.items()
        ],
        "total": money.printed(sum(sums.values(), Decimal(0)), campus.currency),
        "collects": selectors.may("fees.collect", actor(request)),
        "exports": selectors.may("exports.run", actor(request)),
    }
    return render_page(request, "office/fees/cash_book.html", context, title=_("Cash book"))
