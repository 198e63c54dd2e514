"""What two campuses call alike: where there is more than one, a section, class or year says which it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.db.models import ForeignKey, Model

from apps.institutions.models import AcademicYear, Course, CourseClass, Section, Term
from apps.institutions.selectors import campuses
from schoolops.cache.local import local
from schoolops.context import current_school, school_or_none

ALIKE: tuple[type[Model], ...] = (AcademicYear, Course, CourseClass, Section, Term)


def naming() -> Callable[[Any], str]:
    """What calls a row by its name, and where there are several campuses by that of its own. Asked for once a page."""
    there = _campuses() if school_or_none() is not None else {}
    return str if len(there) < 2 else lambda row: _named(row, there)


def _campuses() -> Mapping[int, str]:
    """Key → name. A page asks for every column, form and filter of it."""
    cache, key = local(), f"office.campuses:{current_school().schema_name}"
    known: Mapping[int, str] | None = None if cache is None else cache.get(key)
    if known is None:
        known = {each.pk: each.name for each in campuses()}
        if cache is not None:
            cache.put(key, known)
    return known


def _named(row: Any, there: Mapping[int, str]) -> str:
    # Not asked for once more of each: whoever shows terms reads their years with them.
    holder: Any = row if not isinstance(row, Term) else row.year if Term.year.is_cached(row) else None
    name = there.get(getattr(holder, "institution_id", 0), "")
    return f"{row}, {name}" if name else str(row)


def is_alike(field: Any) -> bool:
    """Whether ``field`` refers to rows of which two campuses may have one of the same name."""
    return isinstance(field, ForeignKey) and field.remote_field.model in ALIKE


class ByCampus(RelatedFieldListFilter):
    """Django's filter by a row, whose rows say their campus."""

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
        ordering = self.field_admin_ordering(field, request, model_admin)
        model: Any = field.related_model
        joined = {Term: ("year",), Section: ("grade_level",)}.get(model)
        rows = model._default_manager.select_related(*joined) if joined else model._default_manager.all()
        called = naming()
        return [(row.pk, called(row)) for row in rows.order_by(*(ordering or model._meta.ordering))]
