"""Saved filters above every list of the office."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest

from apps.office.shell.saved import services
from apps.office.shell.saved.selectors import saved_filters
from apps.office.shell.site import actor, office
from schoolops.lists import DeclaredList


class SavesFilters(DeclaredList):
    """A list above which a person's saved filters stand."""

    list_before_template = "office/shell/saved_filters.html"

    def accepts(self, parameter: str) -> bool:
        """Whether ``parameter`` searches or filters this list."""
        return bool(self.search_fields) if parameter == SEARCH_VAR else parameter in self.declared_parameters()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = dict(extra_context or {})
        # Operators' lists stand outside all schools, where nothing of a person's is kept.
        if self.admin_site is office and self.has_view_permission(request):
            label = self.model._meta.label
            context["saved_filters"] = saved_filters(actor(request), label)
            context["filtered_by"] = services.kept_of(request.GET)
            context["listed"] = label
        return super().changelist_view(request, context)
