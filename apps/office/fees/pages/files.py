"""Bills, payments, bank lines and whatever a page shows as files, for who may take lists away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from apps.accounts.models import User
from apps.fees import selectors as fees
from apps.office.shell.files import file_of
from apps.office.shell.pages import actor, office_page
from schoolops import money
from schoolops.api import exports

PAGE = 1000
WHOSE = {
    "admission_number": F("student__admission_number"),
    "given_name": F("student__given_name"),
    "family_name": F("student__family_name"),
}
# What is taken → the rows in reach, and column → what stands in it.
FILES: Mapping[str, tuple[Callable[..., QuerySet[Any]], Mapping[str, Any]]] = {
    "bills": (
        fees.invoices_seen,
        {
            "bill": fees.printed_number(),
            "campus": F("institution__name"),
            **WHOSE,
            "bill_to": F("bill_to"),
            "year": F("term__year__name"),
            "term": F("term__name"),
            "issued_on": F("issued_on"),
            "due_on": F("first_due_on"),
            "total": money.as_said("total"),
            "credited": money.as_said("credited_sum"),
            "paid": money.as_said("paid_sum"),
            "left": money.as_said("left_sum"),
            "currency": F("currency"),
            "state": F("state"),
        },
    ),
    "payments": (
        fees.payments_seen,
        {
            "receipt": fees.printed_number(),
            "campus": F("institution__name"),
            **WHOSE,
            "paid_by": F("paid_by"),
            "day": F("day"),
            "method": F("method"),
            "amount": money.as_said("amount"),
            "pays_bills": money.as_said("allocated_sum"),
            "went_back": money.as_said("returned_sum"),
            "currency": F("currency"),
            "reference": F("reference"),
        },
    ),
    "bank-lines": (
        fees.bank_lines_seen,
        {
            "campus": F("institution__name"),
            **{name: F(name) for name in ("day", "payer", "text", "reference")},
            "amount": money.as_said("amount"),
            **{name: F(name) for name in ("currency", "state", "reason")},
        },
    ),
}


def file_asked(
    request: HttpRequest, name: str, columns: Sequence[str], rows: Callable[[], list[dict[str, Any]]]
) -> HttpResponseBase | None:
    """Rows as the file that is asked for, for who may take lists away; ``None`` where a page is."""
    form = request.GET.get("as", "")
    if not form:
        return None
    exports.check(actor(request))
    return file_of(form, name, columns, [rows()])  # type: ignore[no-any-return]


@require_GET
@office_page(permission="fees.view", over="campus")
def take(request: HttpRequest, what: str, form: str) -> Any:
    """All of ``what``, the oldest first, row by row as it is read."""
    if what not in FILES:
        raise Http404
    exports.check(actor(request))
    rows, columns = FILES[what]
    by = actor(request)
    # Whoever may not is told so now: in the middle of a file it is too late.
    rows(by=by)
    return file_of(form, what, list(columns), _pages(rows, columns, by))


def _pages(rows: Callable[..., QuerySet[Any]], columns: Mapping[str, Any], by: User) -> Iterator[list[dict[str, Any]]]:
    last, named = 0, {f"a_{name}": value for name, value in columns.items()}
    while True:
        found = list(rows(by=by).filter(pk__gt=last).order_by("pk").values("pk", **named)[:PAGE])
        if not found:
            return
        last = found[-1]["pk"]
        yield [{name: row[f"a_{name}"] for name in columns} for row in found]
