"""What a list of an admin can be asked, exactly what its filters declare, and how long it may look for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import BooleanField, CharField, ForeignKey, Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.template.response import SimpleTemplateResponse
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter

from schoolops.resilience.patience import short_statements

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = ModelAdmin
# Of a range between two days or moments: which end, and of a moment its day and its time.
_ENDS = {
    RangeDateFilter: ("_from", "_to"),
    RangeDateTimeFilter: ("_from_0", "_from_1", "_to_0", "_to_1"),
    EmptyFieldListFilter: ("__isempty",),
}


def _parameters(model: type[Model], each: Any) -> Iterator[str]:
    """The parameters of one entry of ``list_filter``. Raises ``ImproperlyConfigured`` for a kind we do not know."""
    if isinstance(each, str):
        # As Django's own filters call themselves.
        field = model._meta.get_field(each)
        if isinstance(field, ForeignKey):
            yield f"{each}__{field.target_field.name}__exact"
        elif isinstance(field, BooleanField) or getattr(field, "choices", None):
            yield f"{each}__exact"
        elif isinstance(field, CharField):
            yield each
        else:
            raise ImproperlyConfigured(f"{model._meta.label}: say which parameters a filter of {each} has.")
        yield f"{each}__isnull"
    elif isinstance(each, tuple) and (kind := next((one for one in _ENDS if issubclass(each[1], one)), None)):
        yield from (f"{each[0]}{end}" for end in _ENDS[kind])
    elif isinstance(each, type) and issubclass(each, SimpleListFilter):
        yield str(each.parameter_name)
    else:
        raise ImproperlyConfigured(f"{model._meta.label}: say which parameters {each} has.")


# Asked for each parameter of an address, and the same for as long as the process lives.
@cache
def _declared(model: type[Model], asked_for: tuple[str, ...], filters: tuple[Any, ...]) -> frozenset[str]:
    return frozenset(asked_for).union(*(_parameters(model, each) for each in filters))


def _rendered(page: Any) -> Any:
    return page.render() if isinstance(page, SimpleTemplateResponse) else page


class DeclaredList(_ModelAdmin):
    """A list that knows what it can be asked: a kind of filter that is not known here is an error, not an open door."""

    # Columns that addresses of ours ask for, besides the filters.
    asked_for: ClassVar[tuple[str, ...]] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # Django would let an address ask about any column of a row and of the rows it leads to, also of one that no
        # page shows: a medical note or a password's hash could be guessed letter by letter.
        return lookup in self.declared_parameters() and "\0" not in str(value)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.method == "POST" and self.get_actions(request):
            request.POST = self._with_keys_alone(request.POST)  # type: ignore[assignment] # as Django's own setter takes it
            page: Any = super().changelist_view(request, extra_context)
            with short_statements():
                return _rendered(page)
        with short_statements():
            # Rows are read as they are rendered.
            return _rendered(super().changelist_view(request, extra_context))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        with short_statements():
            return super().get_changelist_instance(request)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:  # type: ignore[override] # with a place from Django 6 on
        """Which rows are meant is looked for in the time of a list; what becomes of them has that of a write."""
        if request.POST.get("select_across", "0") == "0":
            queryset = queryset.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME))
        with short_statements():
            found = list(queryset.values_list("pk", flat=True))
        return super().response_action(request, self.get_queryset(request).filter(pk__in=found))

    def _with_keys_alone(self, sent: QueryDict) -> QueryDict:
        """Without ticked rows that can be none, of which Django would make a 500."""
        said, key = sent.copy(), self.model._meta.pk
        ticked = []
        for each in sent.getlist(ACTION_CHECKBOX_NAME):
            with suppress(ValidationError):
                ticked.append(str(key.clean(each, None)))
        said.setlist(ACTION_CHECKBOX_NAME, ticked)
        return said

    def declared_parameters(self) -> frozenset[str]:
        """Exactly what the filters of this list understand: no other lookup, and none through a relation."""
        return _declared(self.model, self.asked_for, tuple(self.list_filter))  # type: ignore[arg-type] # a class is hashable
