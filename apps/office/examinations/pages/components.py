"""What a paper is made of: a row for each component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.examinations import selectors, services
from apps.examinations.models import Exam, ExamComponent, ResultPolicy
from apps.office.examinations.selectors import titled
from apps.office.shell.fields import about, apart, posted, version_shown, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from schoolops.errors import SchoolOpsError

# Empty rows below those that there are.
SPARE = 3
MOST = 12
COUNTS = {
    ResultPolicy.Counts.ZERO: gettext_lazy("It counts with no marks"),
    ResultPolicy.Counts.LEFT_OUT: gettext_lazy("It is left out, and the others count"),
}


class ComponentForm(DressedForm):
    """One row; without a name it is none."""

    name = forms.CharField(label=gettext_lazy("Component"), max_length=80, required=False)
    max_marks = forms.DecimalField(label=gettext_lazy("Marks"), max_digits=7, decimal_places=2, required=False)
    weight = forms.DecimalField(label=gettext_lazy("Weight"), max_digits=7, decimal_places=2, required=False)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        for field in self.visible_fields():
            field.field.widget.attrs["aria-label"] = field.label

    def clean(self) -> dict[str, Any]:
        """A component has marks; who says its marks says its name."""
        said: dict[str, Any] = self.cleaned_data
        if said.get("name") and said.get("max_marks") is None and "max_marks" not in self.errors:
            self.add_error("max_marks", _("How many marks has it?"))
        if not said.get("name") and said.get("max_marks") is not None:
            self.add_error("name", _("What is it called?"))
        return said


class AbsentForm(DressedForm):
    """What an absence in one component does."""

    absent = forms.ChoiceField(label=gettext_lazy("Who is absent in one component"), choices=list(COUNTS.items()))


@office_page(permission="exams.manage", over="campus")
def components(request: HttpRequest, paper: UUID) -> HttpResponse:
    """The components of a paper, to set and to weigh."""
    by = actor(request)
    exam = selectors.paper_of(paper, "exams.manage", by)
    present = selectors.components_of(exam)
    initial = [{"name": each.name, "max_marks": each.max_marks, "weight": each.weight} for each in present]
    rows: Any = forms.formset_factory(ComponentForm, extra=SPARE, max_num=MOST, absolute_max=MOST)
    formset = rows(posted(request), initial=initial, prefix="component")
    policy = exam.parts_absent if exam.parts else selectors.result_policy().absent
    form = AbsentForm(posted(request), initial={"absent": policy})
    if request.method == "POST" and form.is_valid() and formset.is_valid():
        try:
            _set(request, exam, present, formset, form)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, about(titled(exam), _("What %(name)s is made of is set.")))
            return HttpResponseRedirect(reverse("office:marks", args=(exam.sourced_id,)))
    wrong = bool(form.errors) or (formset.is_bound and not formset.is_valid())
    title = _("Components of %(paper)s, %(group)s") % {
        "paper": apart(selectors.name_of(exam)),
        "group": apart(selectors.group_of(exam)),
    }
    context = {"exam": exam, "rows": formset, "form": form, "version": version_shown(request, exam.version)}
    return render_page(
        request, "office/examinations/components.html", context, title=title, status=422 if wrong else 200
    )


def _set(request: HttpRequest, exam: Exam, present: Sequence[ExamComponent], rows: Any, form: AbsentForm) -> None:
    # The rows of those that there are come first, by the version that was shown.
    ids = [each.sourced_id for each in present]
    services.set_components(
        paper=exam.sourced_id,
        components=[
            services.Component(**row, id=ids[number] if number < len(ids) else None)
            for number, row in enumerate(rows.cleaned_data)
            if row.get("name")
        ],
        absent=form.cleaned_data["absent"],
        expected_version=whole_number(request.POST.get("version", "")),
        by=actor(request),
    )
