"""How results are made of marks: what an absence does, ranks, coursework beside exams, what is extra."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.examinations import selectors, services
from apps.examinations.models import ResultPolicy
from apps.office.examinations.pages.components import COUNTS
from apps.office.shell.fields import posted, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from schoolops.errors import SchoolOpsError

RANKS = {
    ResultPolicy.Ranks.NONE: gettext_lazy("Nobody is ranked"),
    ResultPolicy.Ranks.DENSE: gettext_lazy("Two of one percentage share a rank: 1, 2, 2, 3"),
    ResultPolicy.Ranks.COMPETITION: gettext_lazy("The next rank is left out then: 1, 2, 2, 4"),
}
WITHIN = {
    ResultPolicy.Within.SECTION: gettext_lazy("Section"),
    ResultPolicy.Within.GRADE_LEVEL: gettext_lazy("Grade level"),
}


class PolicyForm(DressedForm):
    """A version of the policy."""

    absent = forms.ChoiceField(label=gettext_lazy("Who is absent from a paper"), choices=list(COUNTS.items()))
    malpractice = forms.ChoiceField(label=gettext_lazy("After malpractice"), choices=list(COUNTS.items()))
    ranks = forms.ChoiceField(label=gettext_lazy("Ranks"), choices=list(RANKS.items()))
    ranked_within = forms.ChoiceField(label=gettext_lazy("Ranked within"), choices=list(WITHIN.items()))
    coursework = forms.DecimalField(
        label=gettext_lazy("Coursework, in percent"), min_value=0, max_value=100, max_digits=5, decimal_places=2,
        help_text=gettext_lazy("Of a course’s result in a term; exams are the rest."),
    )  # fmt: skip
    extra_up_to = forms.DecimalField(
        label=gettext_lazy("A gradebook comes to at most, in percent"), min_value=100, max_digits=5, decimal_places=2,
        help_text=gettext_lazy("However much is extra in it."),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)


@office_page(permission="exams.configure", over="everybody")
def policy(request: HttpRequest) -> HttpResponse:
    """The policy of now, to be changed: what was computed or published keeps the one it was made by."""
    present = selectors.result_policy()
    shown: dict[str, Any] = {name: getattr(present, name) for name in selectors.POLICY}
    shown |= {name: Decimal(shown[name]) for name in ("coursework", "extra_up_to")}
    form = PolicyForm(posted(request), initial={**shown, "version": present.version})
    if form.is_valid():
        values = {name: form.cleaned_data[name] for name in selectors.POLICY}
        expected = whole_number(str(form.cleaned_data["version"]))
        try:
            services.set_result_policy(values=values, expected_version=expected, by=actor(request))
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Results are made so from now on. What was computed or published stays."))
            return HttpResponseRedirect(request.get_full_path())
    context = {"form": form, "action": _("Save"), "back": reverse("office:exams")}
    status = 422 if form.errors else 200
    return render_page(request, "office/shell/form.html", context, title=_("How results are made"), status=status)
