"""What banks say came in: a file is sent and read, what it says is looked at and confirmed, and the rest waits here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from apps.examinations.selectors import plain
from apps.exchange import services as exchange
from apps.exchange.services.bank.columns import COLUMNS
from apps.fees import selectors as fees
from apps.fees import services
from apps.fees.models import BankLine, BankStatement, Payment
from apps.institutions.models import Institution
from apps.office.fees import selectors
from apps.office.shell.fields import THOUSANDS, AmountField, about, apart, id_of, posted, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, translated
from apps.students.models import Student
from schoolops import money
from schoolops.errors import SchoolOpsError

COLLECT = "fees.collect"
LATEST, PAGE = 20, 100
State = BankLine.State
STATES = {
    BankStatement.State.RECEIVED: gettext_lazy("Being read"),
    BankStatement.State.READ: gettext_lazy("Read"),
    BankStatement.State.FAILED: gettext_lazy("Could not be read"),
}
LINE_STATES = {
    State.WAITING: gettext_lazy("Waiting"),
    State.CONFIRMED: gettext_lazy("Being taken"),
    State.TAKEN: gettext_lazy("Taken"),
    State.SET_ASIDE: gettext_lazy("Set aside"),
}
WHY = {
    "bill": gettext_lazy("names a bill"),
    "number": gettext_lazy("names an admission number"),
    "payer": gettext_lazy("the payer is known"),
    "amount": gettext_lazy("the amount agrees"),
    "several": gettext_lazy("several families have this name"),
    "settled": gettext_lazy("the bill is paid already"),
    "entered": gettext_lazy("entered by hand, it seems"),
    "alike": gettext_lazy("another file has such a line"),
    "elsewhere": gettext_lazy("it may be of another campus"),
}


class FileForm(DressedForm):
    """What a bank exported."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("camt.053 (XML), CSV or XLSX, as your bank exports it. The same file twice is nothing."),
    )


def _campus(request: HttpRequest) -> tuple[Institution, list[Institution]]:
    return selectors.campus_asked(request.GET.get("campus", ""), COLLECT, by=actor(request))


@office_page(permission=COLLECT, over="campus")
def statements(request: HttpRequest) -> HttpResponse:
    """Files that were sent, one to send, and what waits of all of them."""
    by = actor(request)
    campus, there = _campus(request)
    form = FileForm(posted(request), request.FILES or None)
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            row = exchange.receive_statement(institution=campus, file=sent.file, name=sent.name, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            # The same file again is the one that is there: nothing is read.
            if row.state != BankStatement.State.READ:
                messages.success(request, _("“%(name)s” has come in and is read now.") % {"name": sent.name})
            return HttpResponseRedirect(reverse("office:bank-statement", args=(row.sourced_id,)))
    lines = fees.bank_lines_seen(by=by).filter(institution=campus)
    after = whole_number(request.GET.get("after", "")) or 0
    waiting = lines.filter(state=State.WAITING, pk__gt=after).order_by("pk")
    page = list(waiting[: PAGE + 1])
    rows = fees.statements_seen(by=by).filter(institution=campus).order_by("-pk")[:LATEST]
    context = {
        "campus": campus,
        "campuses": there,
        "form": form,
        "files": [(row, STATES[BankStatement.State(row.state)]) for row in rows],
        "lines": [_shown(line) for line in page[:PAGE]],
        "more": urlencode({"campus": campus.sourced_id, "after": page[PAGE - 1].pk}) if len(page) > PAGE else "",
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/fees/bank.html", context, title=_("Bank statements"), status=status)


def _shown(line: BankLine) -> dict[str, Any]:
    """A line with what it is proposed as, in the reader's words."""
    told = line.proposal
    return {
        "line": line,
        "amount": f"{line.amount.normalize():,f} {line.currency}"
        if line.currency not in money.CURRENCIES
        else money.printed(line.amount, line.currency),
        "state": LINE_STATES[State(line.state)],
        "parts": told.get("parts", []),
        "why": [WHY[each] for each in told.get("why", []) if each in WHY],
        "receipts": told.get("receipts", []),
        "foreign": line.currency != line.institution.currency,
        "problem": _told(line.problem),
        "sure": line.confidence >= fees.SURE,
    }


def _told(kept: Any) -> str:
    """What was refused, in the reader's language."""
    return f"{translated(kept['said'], kept['facts'])} {translated(kept['remedy'], {})}".strip() if kept else ""


@office_page(permission=COLLECT, over="campus")
def statement(request: HttpRequest, statement: UUID) -> HttpResponse:
    """One file: what it says, what would be taken of it, and what its columns hold."""
    by = actor(request)
    row = fees.statement_at(statement, by=by)
    if request.method == "POST":
        try:
            messages.success(request, about(row.file_name, _done(request, row)))
        except SchoolOpsError as refusal:
            messages.error(request, in_full(refusal))
        return HttpResponseRedirect(request.get_full_path())
    asked = request.GET.get("state", "")
    after = whole_number(request.GET.get("after", "")) or 0
    lines = fees.bank_lines_seen(by=by).filter(statement=row, pk__gt=after).order_by("pk")
    page = list(lines.filter(state=asked)[: PAGE + 1] if asked in State.values else lines[: PAGE + 1])
    sums = fees.sums_of(row)
    left = sums["states"][State.CONFIRMED]
    context: dict[str, Any] = {
        "row": row,
        "state": STATES[BankStatement.State(row.state)],
        "running": row.state == BankStatement.State.RECEIVED or left > 0,
        "being_taken": left,
        "problem": _told(row.problem),
        "notes": [translated(each["said"], each["facts"]) for each in row.notes],
        "errors": [(each["row"], _(each["column"]) if each["column"] else "", _told(each)) for each in row.errors],
        "counts": _counts(row.counts),
        "numbers": [(state, LINE_STATES[State(state)], number) for state, number in sums["states"].items() if number],
        "asked": asked,
        "sure": sums["sure"],
        "total": sums["total"],
        "comes_to": money.printed(sums["total"], row.institution.currency),
        "lines": [_shown(line) for line in page[:PAGE]],
        "more": urlencode({"state": asked, "after": page[PAGE - 1].pk}) if len(page) > PAGE else "",
        "mapped": [(place, header, row.mapping.get(header, "")) for place, header in enumerate(row.headers) if header],
        "fields": [(column.field, _(column.header)) for column in COLUMNS],
        "read_anew": sums["states"][State.TAKEN] + left + sums["states"][State.SET_ASIDE] == 0 and bool(row.file),
    }
    return render_page(request, "office/fees/bank_statement.html", context, title=apart(row.file_name))


def _done(request: HttpRequest, row: BankStatement) -> str:
    by = actor(request)
    if not any(name.startswith("column-") for name in request.POST):
        total = _amount(request.POST.get("total", ""), AmountField(zero=True))
        services.confirm_lines(statement=row, total=total, by=by)
        return _("What is sure of “%(name)s” is taken now.")
    mapping = {header: request.POST.get(f"column-{place}", "") for place, header in enumerate(row.headers) if header}
    exchange.map_statement(statement=row, mapping=mapping, day_order=request.POST.get("day_order", ""), by=by)
    return _("“%(name)s” is read again.")


def _counts(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    words = {
        "new": _("New"),
        "known": _("Known from another file"),
        "outgoing": _("Went out"),
        "pending": _("Not booked yet"),
    }
    return [(said, counts[name]) for name, said in words.items() if counts.get(name)]


@require_POST
@office_page(permission=COLLECT, over="campus")
def match_again(request: HttpRequest) -> HttpResponse:
    """Lay what waits beside what is owed by now."""
    campus, _there = _campus(request)
    services.match_again(institution=campus, by=actor(request))
    words = _("What waits at %(name)s was laid beside what is owed by now.")
    messages.success(request, about(campus, words))
    return HttpResponseRedirect(f"{reverse('office:bank-statements')}?campus={campus.sourced_id}")


class AsideForm(DressedForm):
    """Why a line is nobody's fee."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200,
        help_text=gettext_lazy("It is no fee of anybody: interest, a grant, money that went back."),
    )  # fmt: skip


@office_page(permission=COLLECT, over="campus")
def line(request: HttpRequest, line: UUID) -> HttpResponse:
    """One line: taken as it is proposed, shared out otherwise, known as a receipt, or set aside."""
    by = actor(request)
    found = fees.bank_line_at(line, by=by)
    aside = AsideForm(posted(request) if "reason" in request.POST else None)
    wrong = ""
    if request.method == "POST" and ("reason" not in request.POST or aside.is_valid()):
        try:
            said = _settled(request, found, aside)
        except SchoolOpsError as refusal:
            wrong = in_full(refusal)
        else:
            messages.success(request, said)
            return HttpResponseRedirect(_after(found))
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    context = {
        **_shown(found),
        "q": words,
        "wrong": wrong,
        "aside": aside,
        "students": _may_be(found, words, request),
        "payments": list(
            Payment.objects.filter(sourced_id__in=found.payments).select_related("student").order_by("pk")
        ),
        "waits": found.state == State.WAITING,
        "again": found.state in {State.TAKEN, State.SET_ASIDE},
    }
    status = 422 if wrong or aside.errors else 200
    return render_page(request, "office/fees/bank_line.html", context, title=_("A line of the bank"), status=status)


def _may_be(line: BankLine, words: str, request: HttpRequest) -> list[tuple[Student, str, str]]:
    """Whom a line may be shared out to: (student, what is due, what is typed), those proposed and those found."""
    by, campus = actor(request), line.institution
    proposed = {part["student"]: part["amount"] for part in line.proposal.get("parts", [])}
    # Sent and refused, they stand there as they were typed.
    typed_for = [id_of(name.removeprefix("amount-")) for name in request.POST if name.startswith("amount-")]
    named = [*proposed, *(each for each in typed_for if each)]
    told = []
    for row in selectors.students_to_choose(campus, by=by, words=words, named=named):
        due = sum((each.amount for each in fees.due_of(row, campus)), Decimal(0))
        typed = request.POST.get(f"amount-{row.sourced_id}", proposed.get(str(row.sourced_id), ""))
        told.append((row, money.printed(due, campus.currency), typed))
    return told


def _settled(request: HttpRequest, found: BankLine, aside: AsideForm) -> str:
    by = actor(request)
    if "reason" in request.POST:
        services.set_line_aside(line=found, reason=aside.cleaned_data["reason"], by=by)
        return about(found, _("%(name)s waits no more."))
    if (receipt := id_of(request.POST.get("receipt", ""))) is not None:
        services.settle_line(line=found, payment=receipt, by=by)
        return about(found, _("%(name)s is the receipt that was there."))
    if "again" in request.POST:
        services.take_line_up_again(line=found, by=by)
        return about(found, _("%(name)s waits again."))
    parts = [] if "proposed" in request.POST else _shares(request)
    taken = services.take_line(line=found, parts=parts, by=by)
    number = len(taken.payments)
    words = ngettext("%(count)d receipt of %(name)s is written.", "%(count)d receipts of %(name)s are written.", number)
    return about(found, words, count=number)


def _shares(request: HttpRequest) -> list[services.Share]:
    field = AmountField(required=False)
    found = []
    for name in request.POST:
        if name.startswith("amount-") and (student := id_of(name.removeprefix("amount-"))) is not None:
            amount = _amount(request.POST[name], field)
            if amount:
                found.append(services.Share(student, amount))
    return found


def _amount(said: str, field: AmountField) -> Decimal:
    """What was sent, or nothing where ``field`` allows that. Raises ``AmountRefused``."""
    try:
        # What may separate thousands is refused as it was typed.
        amount: Decimal | None = field.clean(said if THOUSANDS.search(said.strip()) else plain(said))
    except forms.ValidationError as error:
        raise money.AmountRefused(" ".join(error.messages), currency="") from error
    return amount or Decimal(0)


def _after(found: BankLine) -> str:
    """The next line that waits, so that a desk of them is worked through; else all of them."""
    later = BankLine.objects.filter(institution=found.institution, state=State.WAITING, pk__gt=found.pk)
    following = later.order_by("pk").first()
    if following is not None:
        return reverse("office:bank-line", args=(following.sourced_id,))
    return f"{reverse('office:bank-statements')}?campus={found.institution.sourced_id}"
