"""A filter of lists by moments, asked as days: from one, until another, both included."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter

from apps.office.shell.fields import DayField
from apps.office.shell.forms import dressed


class _Days(forms.Form):
    def __init__(self, name: str, data: Any) -> None:
        super().__init__(data)
        for end, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("Until"))):
            field = dressed(DayField(label=label, required=False))
            field.widget.attrs["aria-label"] = label
            self.fields[f"{name}_{end}_0"] = field


class Between(RangeDateTimeFilter):  # type: ignore[misc] # unfold says no types
    """In the place of the theme's, whose four fields are typed in an order that it does not say."""

    form_class = _Days

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = _Days(self.parameter_name, self.used_parameters)
        asked.is_valid()
        first, last = (asked.cleaned_data.get(f"{self.parameter_name}_{end}_0") for end in ("from", "to"))
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": _begins(first)})
        if last:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": _begins(last + dt.timedelta(days=1))})
        return queryset


def _begins(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
