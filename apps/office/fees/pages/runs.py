"""Billing a term: begun, looked at, confirmed to the last unit, and what became of each student."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.fees import selectors as fees
from apps.fees import services
from apps.fees.models import InvoiceRun, RunOutcome
from apps.institutions.models import AcademicYear, Term
from apps.institutions.selectors import today_at
from apps.office.fees import selectors
from apps.office.fees.pages.choices import TermField
from apps.office.shell.fields import about, apart, day_field, posted, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full
from schoolops import clock, money
from schoolops.errors import SchoolOpsError

State, Outcome = InvoiceRun.State, RunOutcome.Outcome
PER_PAGE = 50
WHY = {
    "billed-already": gettext_lazy("Everything is billed already"),
    "conceded-in-full": gettext_lazy("Nothing is left after their concessions"),
    "nothing-to-charge": gettext_lazy("No fee item is theirs in this term"),
    "changed-meanwhile": gettext_lazy("Their fees changed after the run was confirmed"),
    "not-accepted": gettext_lazy("The bill could not be written; nothing of it was"),
}
STATES = {
    State.DRAFT: gettext_lazy("Waits for you to look at it"),
    State.CONFIRMED: gettext_lazy("Bills are being made"),
    State.DONE: gettext_lazy("Done"),
}
OUTCOMES = {
    Outcome.WAITING: gettext_lazy("Waits"),
    Outcome.BILLED: gettext_lazy("Billed"),
    Outcome.LEFT_OUT: gettext_lazy("Left out"),
    Outcome.REFUSED: gettext_lazy("Refused"),
}


class RunForm(DressedForm):
    """Which term, and when the parts of its bills are due."""

    term = TermField(label=gettext_lazy("Term"), queryset=Term.objects.none())
    due_on = day_field(label=gettext_lazy("Due on"))
    parts = forms.IntegerField(
        label=gettext_lazy("In how many parts"), min_value=1, max_value=12, initial=1,
        help_text=gettext_lazy("Each a month after the one before; the last takes what is left."),
    )  # fmt: skip

    def __init__(self, terms: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        field: Any = self.fields["term"]
        field.queryset = terms

    def days(self) -> list[dt.date]:
        """The days on which parts are due."""
        first: dt.date = self.cleaned_data["due_on"]
        return [_months_after(first, number) for number in range(self.cleaned_data["parts"])]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = self.cleaned_data
        if said.keys() >= {"due_on", "parts"} and not clock.in_reach(_months_after(said["due_on"], said["parts"])):
            self.add_error("due_on", forms.DateField.default_error_messages["invalid"])
        return said


def _months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of its month where that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@office_page(permission="fees.view", over="campus")
def runs(request: HttpRequest) -> HttpResponse:
    """The latest runs, and for who bills families a way to begin one."""
    by = actor(request)
    form = None
    if selectors.may("fees.charge", by):
        terms = selectors.terms_to_bill(by=by)
        form = RunForm(terms, posted(request), initial=_first(terms))
        if form.is_valid():
            try:
                made = services.begin_run(term=form.cleaned_data["term"], due_on=form.days(), by=by)
            except SchoolOpsError as refusal:
                add_refusal(form, refusal)
            else:
                words = _("The bills of %(name)s are worked out. Nobody gets one before you confirm them.")
                messages.success(request, about(made.term, words))
                return HttpResponseRedirect(reverse("office:fee-run", args=(made.sourced_id,)))
    rows = [(run, STATES[State(run.state)]) for run in selectors.latest_runs(by=by)]
    status = 422 if form is not None and form.errors else 200
    context = {"form": form, "runs": rows}
    return render_page(request, "office/fees/runs.html", context, title=_("Billing a term"), status=status)


def _first(terms: Any) -> dict[str, Any]:
    """The term that runs, or else the one that comes next."""
    running = terms.filter(year__state=AcademicYear.State.ACTIVE)
    for term in running:
        today = today_at(term.year.institution)
        if term.ends_on >= today:
            return {"term": term.pk, "due_on": max(term.starts_on, today + dt.timedelta(days=30))}
    return {}


class TotalForm(forms.Form):
    """What a run comes to, as its preview said."""

    total = forms.DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.PLACES, min_value=0)


@office_page(permission="fees.view", over="campus")
def run(request: HttpRequest, run: UUID) -> HttpResponse:
    """A run: what it would bill, or how far it is and what became of each student."""
    by = actor(request)
    found = selectors.run_seen(run, by=by)
    refusal = _confirmed(request, found) if request.method == "POST" else None
    if isinstance(refusal, HttpResponse):
        return refusal
    context: dict[str, Any] = {
        "run": found,
        "state": STATES[State(found.state)],
        "notice": refusal or "",
        "charges": selectors.may("fees.charge", by),
        "due_on": found.due_on,
    }
    if found.state == State.DRAFT:
        context["preview"] = _shown(fees.preview_of(run, by=by))
    else:
        context |= _outcomes(request, found)
    title = _("Billing %(term)s") % {"term": apart(found.term.name)}
    return render_page(request, "office/fees/run.html", context, title=title, status=409 if refusal else 200)


def _confirmed(request: HttpRequest, found: InvoiceRun) -> HttpResponse | str:
    """Where to go next, or why not."""
    form = TotalForm(request.POST)
    if not form.is_valid():
        return str(_("Say what the run comes to, as it stands on this page."))
    try:
        services.confirm_run(run=found.sourced_id, total=form.cleaned_data["total"], by=actor(request))
    except SchoolOpsError as error:
        if not error.code.startswith("fees:"):
            raise
        return in_full(error)
    messages.success(request, about(found.term, _("The run of %(name)s is confirmed. Its bills are made now.")))
    return HttpResponseRedirect(request.path)


def _shown(preview: Mapping[str, Any]) -> dict[str, Any]:
    """The preview, with amounts as they are printed."""
    currency = preview["currency"]

    def printed(rows: list[dict[str, Any]], *amounts: str) -> list[dict[str, Any]]:
        return [
            {**row, **{each: money.printed(Decimal(row[each]), currency) for each in amounts if Decimal(row[each])}}
            for row in rows
        ]

    return {
        **preview,
        "comes_to": money.printed(Decimal(preview["total"]), currency),
        "items": printed(preview["items"], "charged", "taken_off"),
        "sections": printed(preview["sections"], "total"),
        "samples": [{**row, "lines": printed(row["lines"], "amount")} for row in printed(preview["samples"], "total")],
        "left_out": [{**row, "words": WHY[row["why"]]} for row in preview["left_out"]],
    }


def _outcomes(request: HttpRequest, found: Any) -> dict[str, Any]:
    """How far a run is, and a page of what became of whom: those of one outcome, if one is asked for."""
    asked = request.GET.get("outcome", "")
    rows = fees.outcomes_seen(found.sourced_id, by=actor(request)).select_related("student")
    if asked in Outcome.values:
        rows = rows.filter(outcome=asked)
    # Who was refused first: that is what somebody does something about.
    ordered = rows.order_by("-outcome", "student__name_key", "student_id")
    page = Paginator(ordered, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    numbers = {outcome: getattr(found, outcome.value.replace("-", "_")) for outcome in Outcome}
    to_bill = numbers[Outcome.WAITING] + numbers[Outcome.BILLED] + numbers[Outcome.REFUSED]
    return {
        "numbers": [(each.value, OUTCOMES[each], number) for each, number in numbers.items() if number],
        "asked": asked,
        "page": page,
        "rows": [
            (row, OUTCOMES[Outcome(row.outcome)], WHY.get(row.why, ""), money.printed(row.amount, row.currency))
            for row in page
        ],
        "done": to_bill - numbers[Outcome.WAITING],
        "of": to_bill,
        "running": found.state == State.CONFIRMED,
    }
