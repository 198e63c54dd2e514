"""Saved filters above every list of the office."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import ImproperlyConfigured
from django.db.models import BooleanField, ForeignKey, Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter

from apps.office.shell.saved import services
from apps.office.shell.saved.selectors import saved_filters
from apps.office.shell.site import actor, office

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = ModelAdmin
# Of a range between two days or moments: which end, and of a moment its day and its time.
_DAYS, _MOMENTS = ("_from", "_to"), ("_from_0", "_from_1", "_to_0", "_to_1")


def _parameters(model: type[Model], each: Any) -> Iterator[str]:
    """The parameters of one entry of ``list_filter``. Raises ``ImproperlyConfigured`` for a kind we do not know."""
    if isinstance(each, str):
        # As Django's own filters call themselves.
        field = model._meta.get_field(each)
        if isinstance(field, ForeignKey):
            yield f"{each}__{field.target_field.name}__exact"
        elif isinstance(field, BooleanField) or getattr(field, "choices", None):
            yield f"{each}__exact"
        else:
            raise ImproperlyConfigured(f"{model._meta.label}: say which parameters a filter of {each} has.")
        yield f"{each}__isnull"
    elif isinstance(each, tuple) and each[1] in {RangeDateFilter, RangeDateTimeFilter}:
        yield from (f"{each[0]}{end}" for end in (_DAYS if each[1] is RangeDateFilter else _MOMENTS))
    elif isinstance(each, type) and issubclass(each, SimpleListFilter):
        yield str(each.parameter_name)
    else:
        raise ImproperlyConfigured(f"{model._meta.label}: say which parameters {each} has.")


class SavesFilters(_ModelAdmin):
    """A list that knows what it can be asked, and above which a person's saved filters stand."""

    list_before_template = "office/shell/saved_filters.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # Django would let an address ask about any column of a row and of the rows it leads to, also of one that no
        # page shows: a medical note or a password's hash could be guessed letter by letter.
        return lookup in self.declared_parameters() and "\0" not in str(value)

    def declared_parameters(self) -> frozenset[str]:
        """Exactly what the filters of this list understand: no other lookup, and none through a relation."""
        return frozenset(name for each in self.list_filter for name in _parameters(self.model, each))

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
