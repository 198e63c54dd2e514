"""The rows of a list as HTML, by string formatting.

The theme makes the headers anew for every row and writes twenty-six classes into every cell: 110,000 function calls for
fifty rows, and three kilobytes each. What is the same for all rows of a column is found once here, and its look stands
in ``office.css``. A cell says what Django's admin says: the value of a field, or what a method of the admin makes of
the row. Nothing of these lists is edited or selected in its row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import Any

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import CharField, ForeignKey
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from unfold.templatetags.unfold_list import result_headers
from unfold.utils import display_for_field, display_for_value
from unfold.views import ChangeList

from apps.office.shell.campus import is_alike, naming

Cell = Callable[[Any], str]
_REPEATS = frozenset({"BooleanField", "DateField", "TimeField"})


def _escaped(value: Any) -> str:
    """``value`` as HTML, as Django's ``conditional_escape`` has it."""
    return value.__html__() if hasattr(value, "__html__") else escape(str(value))


class Listed(ChangeList):  # type: ignore[misc] # unfold says no types
    """A list with its headers and its rows as its page takes them."""

    @cached_property
    def headers(self) -> list[dict[str, Any]]:
        """One for each column."""
        return list(result_headers(self))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Whether rows are ticked to be changed many at once, and what was asked of the list.
        may = getattr(self.model_admin, "may_change_many", None)
        self.ticked = may is not None and not self.is_popup and may(request)
        self.asked = request.GET.urlencode()

    @property
    def sorted_by(self) -> int:
        """By how many columns it is sorted."""
        return sum(1 for each in self.headers if each["sortable"] and each["sorted"])

    @property
    def narrowed(self) -> bool:
        """Whether something was searched for or filtered by: what is not found may be there."""
        return bool(self.query or self.has_active_filters)

    @property
    def lines(self) -> SafeString:
        """The rows of this page."""
        return lines_of(self)


def lines_of(changelist: Any) -> SafeString:
    """The rows of this page of a list."""
    cells = [_cell(changelist, number, name) for number, name in enumerate(changelist.list_display)]
    lines = ["".join([cell(row) for cell in cells]) for row in changelist.result_list]
    return mark_safe("".join([f'<tr class="office-row">{line}</tr>' for line in lines]))  # noqa: S308 - escaped in _cell


def _cell(changelist: Any, number: int, name: Any) -> Cell:
    """What makes a row's cell of one column."""
    admin = changelist.model_admin
    label = escape(str(label_for_field(name, changelist.model, model_admin=admin)))
    called = name if isinstance(name, str) else f"{number}"
    shown = _shown(changelist, name)
    # Django's rule: no links, those that are named, or else the first.
    links = changelist.list_display_links
    linked = links is not None and (name in links if links else number == 0)
    ticked = number == 0 and changelist.ticked
    tag = "th" if linked and number == 0 else "td"
    head = f'<{tag} class="office-cell field-{escape(called)}" data-label="{label}">'
    if not linked and ticked:
        return lambda row: f"{head}{_box(row)}{shown(row)}</{tag}>"
    if not linked:
        return lambda row: f"{head}{shown(row)}</{tag}>"

    def with_link(row: Any) -> str:
        kept = {"preserved_filters": changelist.preserved_filters, "opts": changelist.opts}
        address = changelist.url_for_result(row)
        address = add_preserved_filters(kept, address) if changelist.preserved_filters else address
        opener = f' data-popup-opener="{escape(str(row.pk))}"' if changelist.is_popup else ""
        box = _box(row) if ticked else ""
        return f'{head}{box}<a href="{escape(address)}"{opener}>{shown(row)}</a></{tag}>'

    return with_link


def _box(row: Any) -> str:
    """What is ticked to change the row with others."""
    return f'<input type="checkbox" name="row" value="{row.pk}" aria-label="{escape(str(row))}"> '


def _shown(changelist: Any, name: Any) -> Cell:
    """What makes of a row what stands in the cell, escaped."""
    admin = changelist.model_admin
    try:
        field: Any = changelist.lookup_opts.get_field(name)
    except FieldDoesNotExist:
        field = None
    nothing = admin.get_empty_value_display()
    if field is None or not field.concrete or field.auto_created or field.name != name:
        return _made(admin, name, nothing)
    if isinstance(field, ForeignKey):
        called = naming() if is_alike(field) else str

        def related(row: Any) -> str:
            found = getattr(row, name)
            return _escaped(nothing) if found is None else escape(called(found))

        return related
    if field.flatchoices or field.get_internal_type() in _REPEATS:
        language = get_language()
        return lambda row: _repeated(language, field, getattr(row, name), nothing)
    if isinstance(field, CharField):
        return lambda row: escape(getattr(row, name) or "") or nothing
    return lambda row: _escaped(display_for_field(getattr(row, name), field, nothing))


@lru_cache(maxsize=4096)
def _repeated(_language: str, field: Any, said: Any, nothing: str) -> str:
    """Few of them are different ones, and each costs a hundred calls to write."""
    return _escaped(display_for_field(said, field, nothing))


def _made(admin: Any, name: Any, nothing: str) -> Cell:
    """The same of what is no field: a function, a method of the admin, or an attribute of the row."""
    own = name if callable(name) else getattr(admin, name, None) if name != "__str__" else None

    def value(row: Any) -> str:
        attribute: Any = own
        try:
            said = own(row) if own is not None else None
            if own is None:
                _field, attribute, said = lookup_field(name, row, admin)
        except ObjectDoesNotExist:
            return _escaped(nothing)
        if isinstance(said, str):
            return _escaped(said)
        empty = getattr(attribute, "empty_value_display", nothing)
        return _escaped(display_for_value(said, empty, bool(getattr(attribute, "boolean", False))))

    return value
