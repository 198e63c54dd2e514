"""Saved filters above every list of the office."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.office.shell.saved import services
from apps.office.shell.saved.selectors import saved_filters
from apps.office.shell.site import actor, office

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = ModelAdmin
# Of a range between two days or moments: which end, and of a moment its day or its time.
_ENDS = frozenset(f"_{end}{part}" for end in ("from", "to") for part in ("", "_0", "_1"))


class SavesFilters(_ModelAdmin):
    """A list that knows what it can be asked, and above which a person's saved filters stand."""

    list_before_template = "office/shell/saved_filters.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return self._filters_by(lookup)

    def _filters_by(self, parameter: str) -> bool:
        # Django lets an address ask about any column of a row, also of one that the page does not show: a medical note
        # could be guessed letter by letter.
        column = parameter.partition("__")[0]
        for each in self.list_filter:
            if isinstance(each, str):
                fits = column == each
            elif isinstance(each, tuple):
                field = str(each[0])
                fits = column == field or (parameter.startswith(field) and parameter.removeprefix(field) in _ENDS)
            else:
                fits = parameter == getattr(each, "parameter_name", None)
            if fits:
                return True
        return False

    def accepts(self, parameter: str) -> bool:
        """Whether ``parameter`` searches or filters this list."""
        return bool(self.search_fields) if parameter == SEARCH_VAR else self._filters_by(parameter)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = dict(extra_context or {})
        # Operators' lists stand outside all schools, where nothing of a person's is kept.
        if self.admin_site is office and self.has_view_permission(request):
            label = self.model._meta.label
            context["saved_filters"] = saved_filters(actor(request), label)
            context["filtered_by"] = services.kept_of(request.GET)
            context["listed"] = label
        return super().changelist_view(request, context)
