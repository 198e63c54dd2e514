"""Who was absent in any span of days: to read, for a spreadsheet, or on paper."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.attendance import selectors as attendance
from apps.office.shell.fields import day_field, whole_number
from apps.office.shell.files import file_of
from apps.office.shell.forms import DressedForm
from apps.office.shell.pages import actor, office_page, render_page
from apps.reports import services as reports
from schoolops.api.viewsets import pdf_response
from schoolops.resilience.heavy import heavy

PER_PAGE = 50
MOST_DAYS = 366


class SpanForm(DressedForm):
    """From one day to another, both included."""

    first = day_field(label=gettext_lazy("From"))
    last = day_field(label=gettext_lazy("Until"))

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        first, last = said.get("first"), said.get("last")
        if first and last and not 0 <= (last - first).days < MOST_DAYS:
            self.add_error("last", _("At most a year, and not before it begins."))
        return said


@office_page(permission="attendance.view", over="student")
def absences(request: HttpRequest) -> Any:
    """The absences of a span, this month's where none is asked for."""
    user = actor(request)
    today = access.today(user)
    first, last = today.replace(day=1), today
    asked = {"first": request.GET.get("first") or first, "last": request.GET.get("last") or last}
    form = SpanForm(asked)
    if form.is_valid():
        first, last = form.cleaned_data["first"], form.cleaned_data["last"]
        if kind := request.GET.get("as", ""):
            return heavy(_file)(request, kind, first, last)
    ended = first.replace(day=1) - dt.timedelta(days=1)
    rows = reports.absences_in_order(attendance.absences(first, last, by=user))
    context = {
        "form": form,
        "first": first,
        "last": last,
        "month_before": (ended.replace(day=1), ended),
        "page": Paginator(rows, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1),
        "exports": "exports.run" in access_rows.permissions_of(user),
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/attendance/absences.html", context, title=_("Absences"), status=status)


def _file(request: HttpRequest, kind: str, first: dt.date, last: dt.date) -> Any:
    name, by = f"absences-{first}-{last}", actor(request)
    if kind == "pdf":
        return pdf_response(f"{name}.pdf", reports.absences_on_paper(first, last, by=by))
    pages = reports.absences_to_take(first, last, by=by)
    return file_of(kind, name, list(reports.absence_columns().values()), pages)
