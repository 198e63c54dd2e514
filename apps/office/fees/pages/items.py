"""The price list of a year, begun from that of another."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.fees import services
from apps.institutions.models import AcademicYear
from apps.office.fees import selectors
from apps.office.fees.pages.choices import YearField
from apps.office.shell.fields import about, posted
from apps.office.shell.forms import DressedForm
from apps.office.shell.pages import actor, asked, office_page


class CopyForm(DressedForm):
    """From which year to which."""

    previous = YearField(label=gettext_lazy("From the year"), queryset=AcademicYear.objects.none())
    year = YearField(
        label=gettext_lazy("To the year"), queryset=AcademicYear.objects.none(),
        help_text=gettext_lazy("What it has already stays as it is. Amounts are changed afterwards, item by item."),
    )  # fmt: skip

    def __init__(self, years: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        fields: Any = self.fields
        fields["previous"].queryset = years
        fields["year"].queryset = years.exclude(state=AcademicYear.State.CLOSED)


class SiblingsForm(DressedForm):
    """What brothers and sisters are let off, by their order."""

    year = YearField(label=gettext_lazy("Year"), queryset=AcademicYear.objects.none())
    second = forms.DecimalField(label=gettext_lazy("Second child, in percent"), max_digits=5, decimal_places=2)
    third = forms.DecimalField(
        label=gettext_lazy("Third child, in percent"), max_digits=5, decimal_places=2, required=False,
        help_text=gettext_lazy("Empty: as the one before."),
    )  # fmt: skip
    fourth = forms.DecimalField(
        label=gettext_lazy("Fourth child and all after, in percent"), max_digits=5, decimal_places=2, required=False,
        help_text=gettext_lazy("Empty: as the one before."),
    )  # fmt: skip

    def __init__(self, years: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        field: Any = self.fields["year"]
        field.queryset = years.exclude(state=AcademicYear.State.CLOSED)


@office_page(permission="fees.charge", over="campus")
def siblings(request: HttpRequest) -> HttpResponse:
    """Ask for the concessions of all brothers and sisters of a year; somebody else approves them."""
    by = actor(request)
    back = reverse("office:fees_concession_changelist")
    form = SiblingsForm(selectors.years_to_set_up(by=by), posted(request))

    def do() -> str:
        said = form.cleaned_data
        percents = [said[name] for name in ("second", "third", "fourth") if said[name] is not None]
        made = len(services.ask_for_siblings(year=said["year"], percents=percents, by=by))
        words = ngettext(
            "%(count)d concession is asked for in %(name)s.", "%(count)d concessions are asked for in %(name)s.", made
        )
        return about(said["year"], words, count=made)

    title = _("Concessions of brothers and sisters")
    return asked(request, form, do, title=title, action=_("Ask for them"), back=f"{back}?stands=asked")


@office_page(permission="fees.charge", over="campus")
def copy(request: HttpRequest) -> HttpResponse:
    """Copy the items of one year to another."""
    by = actor(request)
    back = reverse("office:fees_feeitem_changelist")
    form = CopyForm(selectors.years_to_set_up(by=by), posted(request))

    def do() -> str:
        made = len(services.copy_items(**form.cleaned_data, by=by))
        words = ngettext(
            "%(count)d fee item is copied to %(name)s.", "%(count)d fee items are copied to %(name)s.", made
        )
        return about(form.cleaned_data["year"], words, count=made)

    title, on = _("Copy fees from another year"), {"fees:not-of-this-campus": "year"}
    if form.is_valid():
        back = f"{back}?year__id__exact={form.cleaned_data['year'].pk}"
    return asked(request, form, do, title=title, action=_("Copy"), back=back, on=on)
