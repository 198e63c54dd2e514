"""Moderation of a paper: how its marks are spread, what somebody proposes, and what that would make of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language_bidi, gettext_lazy
from django.utils.translation import gettext as _

from apps.examinations import selectors, services
from apps.examinations.models import Exam, Moderation
from apps.office.examinations.pages.results import BAR, GAP, bars_of
from apps.office.examinations.selectors import DECILES, may, titled
from apps.office.shell.fields import about, apart, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full
from schoolops.errors import SchoolOpsError

State = Moderation.State
STATES = {
    State.PROPOSED: gettext_lazy("Proposed"),
    State.APPLIED: gettext_lazy("Applied"),
    State.REVERTED: gettext_lazy("Reverted"),
    State.WITHDRAWN: gettext_lazy("Withdrawn"),
}
STEPS = {
    "apply": (services.apply_moderation, gettext_lazy("The moderation of %(name)s is applied.")),
    "revert": (services.revert_moderation, gettext_lazy("The moderation of %(name)s is reverted.")),
    "withdraw": (services.withdraw_moderation, gettext_lazy("The moderation of %(name)s is withdrawn.")),
}


class ProposalForm(DressedForm):
    """What should become of each score."""

    factor = forms.DecimalField(
        label=gettext_lazy("Times"), max_digits=6, decimal_places=4, initial=Decimal(1),
        help_text=gettext_lazy("1 leaves marks as they are, 1.05 gives each a twentieth more."),
    )  # fmt: skip
    shift = forms.DecimalField(
        label=gettext_lazy("Plus"), max_digits=7, decimal_places=2, initial=Decimal(0),
        help_text=gettext_lazy("In marks; below 0 takes some away. Nobody comes below 0 or above the paper."),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


@office_page(permission="marks.view", over="section")
def moderation(request: HttpRequest, paper: UUID) -> HttpResponse:
    """The moderations of a paper, with how its marks are spread before and after each."""
    by = actor(request)
    exam = selectors.paper_of(paper, "marks.view", by)
    form, notice = ProposalForm(None), ""
    if "propose" in request.POST:
        form = ProposalForm(posted(request))
        if form.is_valid():
            try:
                services.propose_moderation(paper=paper, **form.cleaned_data, by=by)
            except SchoolOpsError as refusal:
                add_refusal(form, refusal)
            else:
                words = _("A moderation of %(name)s is proposed. Marks count as before until it is applied.")
                messages.success(request, about(titled(exam), words))
                return HttpResponseRedirect(request.get_full_path())
    elif request.method == "POST":
        refused = _settle(request, exam)
        if refused is None:
            return HttpResponseRedirect(request.get_full_path())
        notice = refused
    context = {"form": form, "notice": notice, **_shown(exam, request)}
    title = _("Moderation of %(paper)s, %(group)s") % {
        "paper": apart(selectors.name_of(exam)),
        "group": apart(selectors.group_of(exam)),
    }
    status = 422 if form.errors else 409 if notice else 200
    return render_page(request, "office/examinations/moderation.html", context, title=title, status=status)


def _settle(request: HttpRequest, exam: Exam) -> str | None:
    """Why not, or nothing."""
    step, words = STEPS.get(request.POST.get("what", ""), (None, ""))
    try:
        found = UUID(request.POST.get("moderation", ""))
    except ValueError as error:
        raise Http404 from error
    if step is None:
        raise Http404
    try:
        step(paper=exam.sourced_id, moderation=found, by=actor(request))
    except SchoolOpsError as refusal:
        if not refusal.code.startswith("examinations:"):
            raise
        return in_full(refusal)
    messages.success(request, about(titled(exam), words))
    return None


def _shown(exam: Exam, request: HttpRequest) -> dict[str, Any]:
    by, rtl = actor(request), get_language_bidi()
    told = selectors.moderations_of(exam.sourced_id, by=by)
    scale = selectors.scales_of([exam.scale_id])[exam.scale_id]
    now = selectors.spread_of(exam, selectors.scores_of(exam), scale, exam.factor, exam.shift)
    return {
        "exam": exam,
        "now": now,
        "bars": bars_of(now.deciles, rtl=rtl),
        "width": DECILES * (BAR + GAP) - GAP,
        "moderations": [
            {**each, "words": STATES[State(each["state"])], "bars": bars_of(each["after"].deciles, rtl=rtl)}
            for each in told
        ],
        "open": any(each["state"] in {State.PROPOSED, State.APPLIED} for each in told),
        "proposes": may(exam, "moderations.propose", by),
        "applies": may(exam, "moderations.apply", by),
    }
